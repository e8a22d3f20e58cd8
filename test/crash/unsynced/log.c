// The log of what is not synced: see log.h.

#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x756e73796e636564ull
#define FAILED_EXIT_CODE 97
/* The order in which another process finds our stores is the order of the program. */
#define PUBLISH(place, value) __atomic_store_n(&(place), (value), __ATOMIC_SEQ_CST)

static size_t log_size(void) {
  return sizeof(struct log) + (size_t)SEGMENTS_MAX * SEGMENT_BYTES;
}

void fail(const char *why) {
  dprintf(2, "unsynced: %s\n", why);
  _exit(FAILED_EXIT_CODE);
}

static struct log *map_log(int fd) {
  void *at = mmap(NULL, log_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  int saved = errno;
  close(fd);
  errno = saved;
  return at == MAP_FAILED ? NULL : at;
}

struct log *open_log(const char *path) {
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return NULL;
  struct log *log = map_log(fd);
  if (log != NULL && log->magic != MAGIC) {
    errno = EINVAL;
    return NULL;
  }
  return log;
}

struct log *make_log(const char *path, const char *root, const char *limbo) {
  struct stat folder;
  if (stat(root, &folder) < 0) return NULL;
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return NULL;
  if (ftruncate(fd, (off_t)log_size()) < 0) return NULL;
  struct log *log = map_log(fd);
  if (log == NULL) return NULL;
  if (strlen(root) >= PATH_BYTES_MAX || strlen(limbo) >= PATH_BYTES_MAX) fail("a path is too long");
  strcpy(log->root, root);
  strcpy(log->limbo, limbo);
  log->device = folder.st_dev;
  log->next_free = 1;
  pthread_mutexattr_t robust;
  pthread_mutexattr_init(&robust);
  pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
  if (pthread_mutex_init(&log->lock, &robust) != 0) fail("no lock that survives its holder");
  PUBLISH(log->magic, MAGIC);
  return log;
}

void lock_log(struct log *log) {
  int error = pthread_mutex_lock(&log->lock);
  if (error == EOWNERDEAD) error = pthread_mutex_consistent(&log->lock);
  if (error != 0) fail("the log's lock is lost");
}

void unlock_log(struct log *log) {
  pthread_mutex_unlock(&log->lock);
}

struct node *node_of(struct log *log, uint64_t inode) {
  for (uint32_t step = 0, at = (uint32_t)(inode * 0x9e3779b1u); step < NODES_MAX; step++, at++) {
    struct node *node = &log->nodes[at % NODES_MAX];
    if (node->inode == 0) PUBLISH(node->inode, inode);
    if (node->inode == inode) return node;
  }
  fail("too many files for the log");
}

struct record *add_record(struct log *log, uint32_t *list, enum kind kind, uint64_t group) {
  for (uint32_t step = 0; step < RECORDS_MAX; step++) {
    uint32_t index = log->next_free;
    log->next_free = index + 1 < RECORDS_MAX ? index + 1 : 1;
    struct record *record = &log->records[index];
    if (record->kind != FREE) continue;
    memset(record, 0, sizeof *record - sizeof record->names);
    record->group = group;
    record->pid = getpid();
    record->data_at = NOTHING;
    record->next = *list;
    PUBLISH(record->kind, kind);
    PUBLISH(*list, index);
    return record;
  }
  fail("too many writes for the log");
}

/** Room for the bytes that were there before. */
void keep_data(struct log *log, struct record *record, uint64_t size) {
  struct segment *segment = &log->segments[log->segment];
  if (segment->live > 0 && segment->used + size > SEGMENT_BYTES) {
    uint32_t index = 0;
    while (index < SEGMENTS_MAX && log->segments[index].live > 0) index++;
    if (index == SEGMENTS_MAX) fail("too many bytes for the log");
    log->segment = index;
    segment = &log->segments[index];
  }
  if (segment->live == 0) segment->used = 0;
  segment->live++;
  record->data_at = (uint64_t)log->segment * SEGMENT_BYTES + segment->used;
  record->data_size = size;
  segment->used += (uint32_t)size;
}

void free_record(struct log *log, struct record *record) {
  uint64_t data_at = record->data_at;
  PUBLISH(record->kind, FREE);
  if (data_at != NOTHING) log->segments[data_at / SEGMENT_BYTES].live--;
}

/** A call that failed changed nothing. */
void void_record(struct record *record) {
  record->to = record->from;
  record->end = 0;
  if (record->kind == TRUNCATE) PUBLISH(record->kind, CHANGE);
}

static void free_list(struct log *log, uint32_t index) {
  while (index != 0) {
    struct record *record = &log->records[index];
    index = record->next;
    free_record(log, record);
  }
}

void drop_node(struct log *log, struct node *node) {
  uint32_t newest = node->newest;
  node->is_mapped = 0;
  PUBLISH(node->newest, 0);
  free_list(log, newest);
}

void prune_node(struct log *log, struct node *node) {
  uint32_t *cut = &node->newest;
  for (uint32_t *link = cut; *link != 0; link = &log->records[*link].next) {
    if (!log->records[*link].is_synced) cut = &log->records[*link].next;
  }
  if (*cut == 0) return;
  uint64_t size = node->durable_size;
  uint64_t longest = 0;
  for (uint32_t index = *cut; index != 0; index = log->records[index].next) {
    const struct record *record = &log->records[index];
    if (record->kind == TRUNCATE) {
      size = record->end;
      break;
    }
    if (record->end > longest) longest = record->end;
  }
  PUBLISH(node->durable_size, longest > size ? longest : size);
  uint32_t rest = *cut;
  PUBLISH(*cut, 0);
  free_list(log, rest);
}

int is_done_before(const struct record *record, uint64_t count) {
  if (record->done != 0) return record->done < count;
  return record->pid != getpid() && kill(record->pid, 0) < 0 && errno == ESRCH;
}
