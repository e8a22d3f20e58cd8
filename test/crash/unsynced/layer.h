// What the parts of the layer share: the store's log, and the C library's own calls.

#ifndef UNSYNCED_LAYER_H
#define UNSYNCED_LAYER_H

#include <dlfcn.h>
#include <sys/stat.h>
#include "log.h"

/* The function of that name behind ours; its address is looked up once. */
#define REAL(name)                                                                \
  ({                                                                              \
    static __typeof__(&name) found;                                               \
    if (found == NULL) found = (__typeof__(&name))real_call(#name);               \
    found;                                                                        \
  })

#define HERE ((off_t)-1) /* at the descriptor's own offset */

/* NULL in a process that is not watched. */
extern struct log *store;

void *real_call(const char *name);
int is_below_root(const char *path);
/* A regular file or folder of the store; fills `stat`. */
int is_in_store(int fd, struct stat *stat);
/* With the lock held: a call that the layer cannot take back, which the runner counts as a failure. */
void tell_unmodelled(const char *call);

struct change {
  int fd, flags, saved_errno;
  int is_tracked, is_durable;
  struct stat stat;
  struct node *node;
  uint64_t group, offset;
};

void begin_write(struct change *change, int fd, off_t offset, size_t size, int is_durable);
void begin_truncate(struct change *change, int fd, uint64_t size);
void begin_allocate(struct change *change, int fd, int mode, uint64_t offset, uint64_t size);
void begin_mapping(int fd);
void end_change(struct change *change, ssize_t result);

struct sync {
  int is_tracked;
  uint64_t count;
  struct change change;
};

void begin_sync(struct sync *sync, int fd);
/* The same of a file that is known; `fd` may be -1 where nobody writes it through memory. */
void begin_sync_of(struct sync *sync, int fd, const struct stat *stat);
void end_sync(struct sync *sync, int result, uint64_t from, uint64_t to);
void sync_everything(uint64_t count);

/* With the lock held: names of that folder (0: of all) changed before `count` are durable. */
void sync_names(uint64_t folder, uint64_t count);
void sync_node(struct node *node, uint64_t count, uint64_t from, uint64_t to);

#endif
