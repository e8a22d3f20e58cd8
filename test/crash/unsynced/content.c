// Changes of files' content: before each, what was there is put into the log; when it was synced, it
// is dropped from it.

#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

int is_in_store(int fd, struct stat *stat) {
  if (store == NULL || fd < 0 || fstat(fd, stat) < 0) return 0;
  if (!S_ISREG(stat->st_mode) && !S_ISDIR(stat->st_mode)) return 0;
  if (stat->st_dev != store->device || stat->st_nlink == 0) return 0;
  char link[64], path[PATH_BYTES_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below_root(path);
}

/** Waits until no call is under way that changes one of these sectors: what is there is known. */
static void await_others(const struct node *node, uint64_t from, uint64_t to) {
  const struct timespec moment = {.tv_nsec = 50000};
  for (uint32_t index = node->newest; index != 0;) {
    const struct record *record = &store->records[index];
    int is_under_way = record->done == 0 && !is_done_before(record, NOTHING);
    if (is_under_way && record->from < to && from < record->to) {
      unlock_log(store);
      nanosleep(&moment, NULL);
      lock_log(store);
      index = node->newest;
    } else {
      index = record->next;
    }
  }
}

/**
 * A descriptor for reads: another than the call's where that is for writing only, or direct. Never
 * without need, since a close of any gives up the process's locks of the file (fcntl(2), F_SETLK).
 */
static int open_to_read(int fd, int flags) {
  if ((flags & O_ACCMODE) == O_RDWR && (flags & O_DIRECT) == 0) return fd;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reader = REAL(open64)(link, O_RDONLY | O_CLOEXEC);
  if (reader < 0) fail("a file that is written cannot be read");
  return reader;
}

static void keep_bytes(struct record *record, int reader, uint64_t size) {
  keep_data(store, record, size);
  for (uint64_t done = 0; done < size;) {
    ssize_t count = pread(reader, store->data + record->data_at + done, size - done,
                          (off_t)(record->from + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("what a write replaces cannot be read");
    done += (uint64_t)count;
  }
}

/** A record for each piece of a change of [from, to); with the lock held. */
static void add_change(struct change *change, enum kind kind, uint64_t from, uint64_t to,
                       uint64_t end) {
  struct node *node = change->node;
  const uint64_t old_size = (uint64_t)change->stat.st_size;
  change->group = ++store->count;
  int reader = from < least(to, old_size) ? open_to_read(change->fd, change->flags) : -1;
  do {
    uint64_t piece_end = least(to, from + PIECE_BYTES);
    struct record *record = add_record(store, &node->newest, kind, change->group);
    record->end = end;
    if (from < least(piece_end, old_size)) {
      // The bytes come before the range: whoever finds a range finds what stood there.
      record->from = from;
      keep_bytes(record, reader, least(piece_end, old_size) - from);
    }
    record->from = from;
    record->to = piece_end > from ? piece_end : from;
    from = piece_end;
  } while (from < to);
  if (reader >= 0 && reader != change->fd) REAL(close)(reader);
}

static void look_again(struct change *change) {
  if (fstat(change->fd, &change->stat) < 0) fail("a file that is written cannot be looked at");
  if (change->node->newest == 0) change->node->durable_size = (uint64_t)change->stat.st_size;
}

static uint64_t offset_of(const struct change *change, off_t offset) {
  if (offset != HERE) return (uint64_t)offset;
  if ((change->flags & O_APPEND) != 0) return (uint64_t)change->stat.st_size;
  off_t here = lseek(change->fd, 0, SEEK_CUR);
  return here < 0 ? 0 : (uint64_t)here;
}

static int begin(struct change *change, int fd) {
  int saved = errno;
  change->fd = fd;
  change->is_tracked = is_in_store(fd, &change->stat) && S_ISREG(change->stat.st_mode);
  change->is_durable = 0;
  if (!change->is_tracked) {
    errno = saved;
    return 0;
  }
  change->flags = fcntl(fd, F_GETFL);
  lock_log(store);
  change->node = node_of(store, change->stat.st_ino);
  change->saved_errno = saved;
  return 1;
}

void begin_write(struct change *change, int fd, off_t offset, size_t size, int is_durable) {
  if (!begin(change, fd)) return;
  change->is_durable = is_durable || (change->flags & O_DSYNC) != 0;
  change->offset = offset_of(change, offset);
  uint64_t from = sector_start(change->offset);
  uint64_t to = size == 0 ? from : sector_start(change->offset + size + SECTOR_BYTES - 1);
  await_others(change->node, from, to);
  look_again(change);
  add_change(change, WRITE, from, to, change->offset + size);
  store->counts.writes++;
  if (change->is_durable) store->counts.durable_writes++;
  unlock_log(store);
  errno = change->saved_errno;
}

void begin_truncate(struct change *change, int fd, uint64_t size) {
  if (!begin(change, fd)) return;
  await_others(change->node, 0, NOTHING);
  look_again(change);
  uint64_t old_size = (uint64_t)change->stat.st_size;
  uint64_t from = sector_start(size);
  add_change(change, TRUNCATE, from, size < old_size ? old_size : from, size);
  store->counts.truncates++;
  unlock_log(store);
  errno = change->saved_errno;
}

void begin_allocate(struct change *change, int fd, int mode, uint64_t offset, uint64_t size) {
  if (!begin(change, fd)) return;
  int keeps_size = (mode & FALLOC_FL_KEEP_SIZE) != 0;
  int keeps_bytes = (mode & ~FALLOC_FL_KEEP_SIZE) == 0;
  if ((mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) != 0) tell_unmodelled("fallocate");
  await_others(change->node, 0, NOTHING);
  look_again(change);
  change->offset = offset;
  uint64_t from = sector_start(offset);
  uint64_t to = keeps_bytes ? from : sector_start(offset + size + SECTOR_BYTES - 1);
  add_change(change, CHANGE, from, to, keeps_size ? 0 : offset + size);
  unlock_log(store);
  errno = change->saved_errno;
}

/** `result` bytes were written, or 0 where the call answers no number; below 0 it failed. */
void end_change(struct change *change, ssize_t result) {
  if (!change->is_tracked) return;
  int saved = errno;
  lock_log(store);
  uint64_t now = ++store->count;
  for (uint32_t index = change->node->newest; index != 0; index = store->records[index].next) {
    struct record *record = &store->records[index];
    if (record->group != change->group) continue;
    if (result < 0) void_record(record);
    if (record->kind == WRITE) record->end = least(record->end, change->offset + (uint64_t)result);
    record->is_synced = change->is_durable && result >= 0;
    record->done = now;
  }
  if (change->is_durable) prune_node(store, change->node);
  unlock_log(store);
  errno = saved;
}

/** A file written through memory: what was there when it was mapped, or before it is synced. */
static void add_image(struct change *change) {
  change->node->is_mapped = 1;
  await_others(change->node, 0, NOTHING);
  look_again(change);
  uint64_t size = (uint64_t)change->stat.st_size;
  add_change(change, WRITE, 0, sector_start(size + SECTOR_BYTES - 1), 0);
}

void begin_mapping(int fd) {
  struct change change;
  if (!begin(&change, fd)) return;
  change.offset = 0;
  add_image(&change);
  store->counts.mapped++;
  unlock_log(store);
  end_change(&change, 0);
}

void begin_sync_of(struct sync *sync, int fd, const struct stat *stat) {
  int saved = errno;
  struct change *change = &sync->change;
  *change = (struct change){.fd = fd, .stat = *stat};
  sync->is_tracked = 1;
  lock_log(store);
  sync->count = ++store->count;
  if (S_ISREG(stat->st_mode)) {
    change->node = node_of(store, stat->st_ino);
    if (change->node->is_mapped && fd < 0) tell_unmodelled("msync");
    if (change->node->is_mapped && fd >= 0) {
      change->flags = fcntl(fd, F_GETFL);
      add_image(change);
      change->is_tracked = 1; // under way until the sync has returned
    }
  }
  unlock_log(store);
  errno = saved;
}

void begin_sync(struct sync *sync, int fd) {
  struct stat stat;
  sync->is_tracked = 0;
  if (is_in_store(fd, &stat)) begin_sync_of(sync, fd, &stat);
}

/** What was done before the sync began is durable now, as far as it lies within [from, to). */
void end_sync(struct sync *sync, int result, uint64_t from, uint64_t to) {
  if (!sync->is_tracked) return;
  int saved = errno;
  end_change(&sync->change, 0);
  if (result == 0) {
    lock_log(store);
    if (S_ISDIR(sync->change.stat.st_mode)) {
      sync_names(sync->change.stat.st_ino, sync->count);
      store->counts.folder_syncs++;
    } else {
      sync_node(sync->change.node, sync->count, from, to);
      store->counts.syncs++;
    }
    unlock_log(store);
  }
  errno = saved;
}

void sync_node(struct node *node, uint64_t count, uint64_t from, uint64_t to) {
  for (uint32_t index = node->newest; index != 0; index = store->records[index].next) {
    struct record *record = &store->records[index];
    if (record->from < from || record->to > to || !is_done_before(record, count)) continue;
    record->is_synced = 1;
  }
  prune_node(store, node);
}

/** sync(2): all of the store. */
void sync_everything(uint64_t count) {
  lock_log(store);
  for (uint32_t index = 0; index < NODES_MAX; index++) {
    if (store->nodes[index].newest != 0) sync_node(&store->nodes[index], count, 0, NOTHING);
  }
  sync_names(0, count);
  unlock_log(store);
}
