// What Node.js has no call for, done to files of 4,096 times `o` in folders of ROOT, one a case.
//
//   calls ROOT

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE_BYTES 4096

static char fresh[SIZE_BYTES];
static const char *root;

static int open_case(const char *name, const char *file, int flags) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s/%s", root, name, file);
  int fd = open(path, flags, 0600);
  if (fd < 0) {
    perror(path);
    exit(1);
  }
  return fd;
}

static void need(int is_right, const char *what) {
  if (is_right) return;
  perror(what);
  exit(1);
}

static void *map(int fd) {
  void *at = mmap(NULL, SIZE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  need(at != MAP_FAILED, "mmap");
  return at;
}

int main(int count, char **words) {
  need(count == 2, "usage: calls ROOT");
  root = words[1];
  memset(fresh, 'n', SIZE_BYTES);
  struct iovec all = {fresh, SIZE_BYTES};

  memcpy(map(open_case("mapping", "a", O_RDWR)), fresh, SIZE_BYTES);

  void *at = map(open_case("mapping and msync", "a", O_RDWR));
  memcpy(at, fresh, SIZE_BYTES);
  need(msync(at, SIZE_BYTES, MS_SYNC) == 0, "msync");

  at = map(open_case("mapping and msync without waiting", "a", O_RDWR));
  memcpy(at, fresh, SIZE_BYTES);
  need(msync(at, SIZE_BYTES, MS_ASYNC) == 0, "msync");

  int fd = open_case("pwritev2", "a", O_RDWR);
  need(pwritev2(fd, &all, 1, 0, 0) == SIZE_BYTES, "pwritev2");
  fd = open_case("pwritev2, RWF_DSYNC", "a", O_RDWR);
  need(pwritev2(fd, &all, 1, 0, RWF_DSYNC) == SIZE_BYTES, "pwritev2");

  fd = open_case("sync_file_range", "a", O_RDWR);
  need(pwrite(fd, fresh, SIZE_BYTES, 0) == SIZE_BYTES, "pwrite");
  const unsigned int flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                             SYNC_FILE_RANGE_WAIT_AFTER;
  need(sync_file_range(fd, 0, SIZE_BYTES, flags) == 0, "sync_file_range");

  fd = open_case("hole", "a", O_RDWR);
  need(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE_BYTES) == 0, "fallocate");
  fd = open_case("allocate", "a", O_RDWR);
  need(fallocate(fd, 0, 0, 2 * SIZE_BYTES) == 0, "fallocate");

  int from = open_case("copy_file_range", "b", O_RDWR | O_CREAT);
  need(write(from, fresh, SIZE_BYTES) == SIZE_BYTES, "write");
  fd = open_case("copy_file_range", "a", O_RDWR);
  need(lseek(from, 0, SEEK_SET) == 0, "lseek");
  long copied = syscall(SYS_copy_file_range, from, NULL, fd, NULL, SIZE_BYTES, 0);
  need(copied == SIZE_BYTES, "copy_file_range");

  return raise(SIGKILL);
}
