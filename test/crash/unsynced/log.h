// What the layer knows of writes that are not synced yet: one file that all processes of a server
// map. It outlives their SIGKILL, and lies outside of the store.
//
// A change of a file's content is kept as the sectors that were there before it; a change of a
// folder as what it takes to undo it. Whoever changes the log holds its lock; each step is one store
// of a word, so that a holder's death leaves a whole log to the next.

#ifndef UNSYNCED_LOG_H
#define UNSYNCED_LOG_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#define SECTOR_BYTES 512u
#define PIECE_BYTES (4u << 20) /* of a change, in one record */
#define SEGMENT_BYTES (16u << 20)
#define SEGMENTS_MAX 192u
#define RECORDS_MAX (1u << 17)
#define NODES_MAX (1u << 14)
#define PATH_BYTES_MAX 1024u
#define NAMES_BYTES_MAX 512u /* two names of a folder */
#define NOTHING UINT64_MAX

enum kind {
  FREE = 0,
  WRITE,    /* of sectors, with the length that it needs; may be torn */
  CHANGE,   /* the same, but never torn: a hole */
  TRUNCATE, /* to `end` */
  CREATE,   /* a new name of a file, or of a link to it */
  UNLINK,
  RENAME,
  MAKE_FOLDER,
  REMOVE_FOLDER,
};

struct record {
  uint32_t kind;
  uint32_t next; /* the next older one of its list, by index; 0: none */
  uint64_t group; /* the pieces of one change share it; rises with time */
  uint64_t done;  /* the count when the call had returned; 0: under way */
  int32_t pid;
  uint32_t is_synced;
  /* Content: [from, to) whole sectors, of which the first `old_size` bytes were there before. */
  uint64_t from, to, end;
  uint64_t data_at, data_size;
  /* Names: in folder `folder` (of a rename: the new name's), by inode numbers. */
  uint64_t folder, old_folder, inode, replaced;
  char names[NAMES_BYTES_MAX]; /* "name\0", of a rename "new\0old\0" */
};

struct node {
  uint64_t inode;
  uint64_t durable_size; /* before the oldest record of its list */
  uint32_t newest;
  uint32_t is_mapped; /* written through memory, by whoever and whenever */
};

struct segment {
  uint32_t used, live;
};

struct counts {
  uint64_t writes, durable_writes, truncates, names, syncs, folder_syncs, mapped, unmodelled;
};

struct log {
  uint64_t magic;
  char root[PATH_BYTES_MAX];  /* the store; nothing outside of it is looked at */
  char limbo[PATH_BYTES_MAX]; /* holds what was unlinked, in the same file system */
  uint64_t device;
  pthread_mutex_t lock;
  uint64_t count; /* of everything that happens */
  uint64_t names_synced_to; /* the newest group of names that a folder's sync covered */
  uint32_t newest_name;     /* the list of all changes of folders */
  uint32_t next_free;       /* where the search for a free record begins */
  uint32_t segment;
  uint32_t limbo_count;
  struct counts counts;
  char unmodelled[64]; /* the first call that the layer does not know how to take back */
  struct segment segments[SEGMENTS_MAX];
  struct node nodes[NODES_MAX];
  struct record records[RECORDS_MAX]; /* the first stays unused */
  unsigned char data[];
};

/* Makes an empty log, or maps one. NULL with errno where that fails. */
struct log *make_log(const char *path, const char *root, const char *limbo);
struct log *open_log(const char *path);

void lock_log(struct log *log);
void unlock_log(struct log *log);
/* Ends this process: a layer that forgets would prove nothing. */
void fail(const char *why) __attribute__((noreturn));

/* All of these with the lock held. */
struct node *node_of(struct log *log, uint64_t inode);
struct record *add_record(struct log *log, uint32_t *list, enum kind kind, uint64_t group);
void void_record(struct record *record);
void keep_data(struct log *log, struct record *record, uint64_t size);
void drop_node(struct log *log, struct node *node);
/* Frees the records behind the oldest that is not synced. */
void prune_node(struct log *log, struct node *node);
void free_record(struct log *log, struct record *record);
/* Whether its call had returned before `count`; one whose process is gone never will. */
int is_done_before(const struct record *record, uint64_t count);

static inline uint64_t sector_start(uint64_t offset) {
  return offset - offset % SECTOR_BYTES;
}

#endif
