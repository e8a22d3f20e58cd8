// Loaded before the C library (LD_PRELOAD): lets all writes of a store's processes through, and keeps
// in a log what it takes to put back, after they were killed, whatever no sync had made durable. As
// of a machine that lost its power: POSIX promises no more than what was synced.
//
//   durable   a write to an O_DSYNC or O_SYNC descriptor (or RWF_DSYNC), its own bytes and the length
//             that they need, when it returns; of a file what fdatasync, fsync or sync cover, data
//             and length; what msync(MS_SYNC) covers of a mapping; of a folder its names by fsync
//   not       a close, a rename, sync_file_range; a file's name by a sync of the file
//
// Only regular files and folders below the root are looked at. UNSYNCED_LOG names the log; without it
// the layer does nothing.

#define _GNU_SOURCE
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAPPINGS_MAX 64
#define FICLONE_CALL 0x40049409ul

struct log *store;

__attribute__((constructor)) static void find_log(void) {
  const char *path = getenv("UNSYNCED_LOG");
  if (path == NULL || store != NULL) return;
  store = open_log(path);
  if (store == NULL) fail("the log that UNSYNCED_LOG names cannot be opened");
}

void *real_call(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) fail(name);
  return found;
}

void tell_unmodelled(const char *call) {
  if (store->counts.unmodelled++ == 0) strncpy(store->unmodelled, call, sizeof store->unmodelled - 1);
}

static void tell_if_in_store(int fd, const char *call) {
  struct stat stat;
  int saved = errno;
  if (is_in_store(fd, &stat) && S_ISREG(stat.st_mode)) {
    lock_log(store);
    tell_unmodelled(call);
    unlock_log(store);
  }
  errno = saved;
}

static void tell_if_below_root(const char *path, const char *call) {
  if (store == NULL || path == NULL || !is_below_root(path)) return;
  lock_log(store);
  tell_unmodelled(call);
  unlock_log(store);
}

/* Runs `call` between the two halves of a write. */
#define LOGGED_WRITE(fd, offset, size, is_durable, call)      \
  do {                                                        \
    struct change change;                                     \
    begin_write(&change, fd, offset, size, is_durable);       \
    ssize_t result = call;                                    \
    end_change(&change, result);                              \
    return result;                                            \
  } while (0)

static size_t size_of(const struct iovec *pieces, int count) {
  size_t size = 0;
  for (int index = 0; index < count; index++) size += pieces[index].iov_len;
  return size;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  LOGGED_WRITE(fd, HERE, size, 0, REAL(write)(fd, bytes, size));
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  LOGGED_WRITE(fd, HERE, size_of(pieces, count), 0, REAL(writev)(fd, pieces, count));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
  LOGGED_WRITE(fd, offset, size, 0, REAL(pwrite64)(fd, bytes, size, offset));
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
    __attribute__((alias("pwrite64")));

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset) {
  LOGGED_WRITE(fd, offset, size_of(pieces, count), 0, REAL(pwritev64)(fd, pieces, count, offset));
}
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
    __attribute__((alias("pwritev64")));

ssize_t pwritev64v2(int fd, const struct iovec *pieces, int count, off64_t offset, int flags) {
  LOGGED_WRITE(fd, offset, size_of(pieces, count), (flags & (RWF_DSYNC | RWF_SYNC)) != 0,
               REAL(pwritev64v2)(fd, pieces, count, offset, flags));
}
ssize_t pwritev2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
    __attribute__((alias("pwritev64v2")));

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size,
                        unsigned int flags) {
  LOGGED_WRITE(to, to_at == NULL ? HERE : *to_at, size, 0,
               REAL(copy_file_range)(from, from_at, to, to_at, size, flags));
}

ssize_t sendfile64(int to, int from, off64_t *from_at, size_t size) {
  LOGGED_WRITE(to, HERE, size, 0, REAL(sendfile64)(to, from, from_at, size));
}
ssize_t sendfile(int to, int from, off_t *from_at, size_t size)
    __attribute__((alias("sendfile64")));

ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t size,
               unsigned int flags) {
  tell_if_in_store(to, "splice");
  return REAL(splice)(from, from_at, to, to_at, size, flags);
}

int ftruncate64(int fd, off64_t size) {
  struct change change;
  begin_truncate(&change, fd, size < 0 ? 0 : (uint64_t)size);
  int result = REAL(ftruncate64)(fd, size);
  end_change(&change, result);
  return result;
}
int ftruncate(int fd, off_t size) __attribute__((alias("ftruncate64")));

int truncate64(const char *path, off64_t size) {
  tell_if_below_root(path, "truncate");
  return REAL(truncate64)(path, size);
}
int truncate(const char *path, off_t size) __attribute__((alias("truncate64")));

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  struct change change;
  begin_allocate(&change, fd, mode, (uint64_t)offset, (uint64_t)size);
  int result = REAL(fallocate64)(fd, mode, offset, size);
  end_change(&change, result);
  return result;
}
int fallocate(int fd, int mode, off_t offset, off_t size) __attribute__((alias("fallocate64")));

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  struct change change;
  begin_allocate(&change, fd, 0, (uint64_t)offset, (uint64_t)size);
  int error = REAL(posix_fallocate64)(fd, offset, size);
  end_change(&change, error == 0 ? 0 : -1);
  return error;
}
int posix_fallocate(int fd, off_t offset, off_t size)
    __attribute__((alias("posix_fallocate64")));

int fsync(int fd) {
  struct sync sync;
  begin_sync(&sync, fd);
  int result = REAL(fsync)(fd);
  end_sync(&sync, result, 0, NOTHING);
  return result;
}

int fdatasync(int fd) {
  struct sync sync;
  begin_sync(&sync, fd);
  int result = REAL(fdatasync)(fd);
  end_sync(&sync, result, 0, NOTHING);
  return result;
}

static uint64_t next_count(void) {
  lock_log(store);
  uint64_t count = ++store->count;
  unlock_log(store);
  return count;
}

void sync(void) {
  uint64_t count = store == NULL ? 0 : next_count();
  REAL(sync)();
  if (store != NULL) sync_everything(count);
}

int syncfs(int fd) {
  struct stat stat;
  int is_ours = is_in_store(fd, &stat);
  uint64_t count = is_ours ? next_count() : 0;
  int result = REAL(syncfs)(fd);
  if (is_ours && result == 0) sync_everything(count);
  return result;
}

/* Which file of the store is mapped where, in this process, for msync. */
static struct mapping {
  char *at;
  size_t size;
  uint64_t offset;
  struct stat stat;
  int fd; /* of our own where it is written; never closed, which would give up the file's locks */
} mappings[MAPPINGS_MAX];
static pthread_mutex_t mappings_lock = PTHREAD_MUTEX_INITIALIZER;

static void add_mapping(struct mapping mapping) {
  pthread_mutex_lock(&mappings_lock);
  int index = 0;
  while (index < MAPPINGS_MAX && mappings[index].at != NULL) index++;
  if (index == MAPPINGS_MAX) fail("too many mappings of the store's files");
  mappings[index] = mapping;
  pthread_mutex_unlock(&mappings_lock);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
  struct stat stat;
  int is_ours = fd >= 0 && (flags & MAP_SHARED) != 0 && is_in_store(fd, &stat);
  int is_written = is_ours && (protection & PROT_WRITE) != 0;
  if (is_written) begin_mapping(fd);
  void *mapped = REAL(mmap64)(at, size, protection, flags, fd, offset);
  if (is_ours && mapped != MAP_FAILED) {
    int own = is_written ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    add_mapping((struct mapping){mapped, size, (uint64_t)offset, stat, own});
  }
  return mapped;
}
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
    __attribute__((alias("mmap64")));

int munmap(void *at, size_t size) {
  if (store == NULL) return REAL(munmap)(at, size);
  pthread_mutex_lock(&mappings_lock);
  for (int index = 0; index < MAPPINGS_MAX; index++) {
    if (at != NULL && mappings[index].at == at) mappings[index].at = NULL;
  }
  pthread_mutex_unlock(&mappings_lock);
  return REAL(munmap)(at, size);
}

int msync(void *at, size_t size, int flags) {
  struct mapping found = {.at = NULL};
  pthread_mutex_lock(&mappings_lock);
  for (int index = 0; index < MAPPINGS_MAX && found.at == NULL; index++) {
    struct mapping *mapping = &mappings[index];
    if (mapping->at == NULL || (char *)at < mapping->at) continue;
    if ((char *)at < mapping->at + mapping->size) found = *mapping;
  }
  pthread_mutex_unlock(&mappings_lock);
  if (found.at == NULL || (flags & MS_SYNC) == 0) return REAL(msync)(at, size, flags);
  struct sync sync;
  begin_sync_of(&sync, found.fd, &found.stat);
  int result = REAL(msync)(at, size, flags);
  uint64_t from = found.offset + (uint64_t)((char *)at - found.at);
  end_sync(&sync, result, from, from + size);
  return result;
}

FILE *fopen64(const char *path, const char *mode) {
  if (mode[0] != 'r' || strchr(mode, '+') != NULL) tell_if_below_root(path, "fopen");
  return REAL(fopen64)(path, mode);
}
FILE *fopen(const char *path, const char *mode) __attribute__((alias("fopen64")));

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (request == FICLONE_CALL) tell_if_in_store(fd, "ioctl FICLONE");
  return REAL(ioctl)(fd, request, argument);
}

/* Calls by number: those that write are sent through the layer; a ring of calls is refused, since
   what goes through it would not be seen. */
long syscall(long number, ...) {
  long given[6];
  va_list rest;
  va_start(rest, number);
  for (int index = 0; index < 6; index++) given[index] = va_arg(rest, long);
  va_end(rest);
  if (store != NULL) {
    switch (number) {
      case SYS_io_uring_setup:
        errno = ENOSYS;
        return -1;
      case SYS_copy_file_range:
        return copy_file_range((int)given[0], (off64_t *)given[1], (int)given[2],
                               (off64_t *)given[3], (size_t)given[4], (unsigned int)given[5]);
      case SYS_write:
      case SYS_writev:
      case SYS_pwrite64:
      case SYS_pwritev:
      case SYS_pwritev2:
      case SYS_ftruncate:
      case SYS_fallocate:
        tell_if_in_store((int)given[0], "syscall");
        break;
      default:
        break;
    }
  }
  return REAL(syscall)(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
