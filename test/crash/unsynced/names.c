// Changes of folders: names made, given, taken. Each runs under the log's lock, so that their order
// is known; whatever would vanish is kept by a link in the limbo until its folder was synced.

#define _GNU_SOURCE
#include "layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** A name in a folder of the store. */
struct place {
  char path[PATH_BYTES_MAX];
  const char *name;
  uint64_t folder;
  int is_there;
  struct stat stat;
};

int is_below_root(const char *path) {
  size_t length = strlen(store->root);
  return strncmp(path, store->root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/** Answers 0 where the path is not one of the store's, or cannot be. */
static int find_place(struct place *place, int at, const char *path) {
  if (store == NULL || path == NULL || path[0] == 0) return 0;
  int saved = errno;
  char base[PATH_BYTES_MAX] = "";
  if (path[0] != '/') {
    char link[64];
    snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, base, sizeof base - 2);
    errno = saved;
    if (length < 0) return 0;
    base[length] = '/';
    base[length + 1] = 0;
  }
  int length = snprintf(place->path, sizeof place->path, "%s%s", base, path);
  if (length >= (int)sizeof place->path) return 0;
  while (length > 1 && place->path[length - 1] == '/') place->path[--length] = 0;
  if (!is_below_root(place->path) || strcmp(place->path, store->root) == 0) return 0;
  char *slash = strrchr(place->path, '/');
  place->name = slash + 1;
  if (strcmp(place->name, ".") == 0 || strcmp(place->name, "..") == 0) return 0;
  struct stat folder;
  *slash = 0;
  int is_found = stat(place->path, &folder) == 0;
  *slash = '/';
  place->folder = folder.st_ino;
  errno = saved;
  return is_found && strlen(place->name) < NAMES_BYTES_MAX / 2;
}

static void look(struct place *place) {
  int saved = errno;
  place->is_there = lstat(place->path, &place->stat) == 0;
  errno = saved;
}

static struct record *add_name(enum kind kind, const struct place *place, uint64_t inode) {
  struct record *record = add_record(store, &store->newest_name, kind, ++store->count);
  record->folder = place->folder;
  record->inode = inode;
  strcpy(record->names, place->name);
  store->counts.names++;
  return record;
}

static void end_name(struct record *record, int is_done) {
  if (!is_done) void_record(record);
  if (!is_done) record->is_synced = 1;
  record->done = ++store->count;
}

static void limbo_path(char *path, uint64_t inode, uint64_t group) {
  int length = snprintf(path, PATH_BYTES_MAX, "%s/%llu-%llu", store->limbo,
                        (unsigned long long)inode, (unsigned long long)group);
  if (length >= (int)PATH_BYTES_MAX) fail("the limbo's path is too long");
}

/** A second link of a file that is about to lose a name. */
static void keep_file(const char *path, uint64_t inode, uint64_t group) {
  char limbo[PATH_BYTES_MAX];
  int saved = errno;
  limbo_path(limbo, inode, group);
  if (REAL(link)(path, limbo) < 0) fail("a file that is unlinked cannot be kept");
  errno = saved;
}

/** Drops what the limbo holds for a change that is durable now. */
static void let_go(const struct record *record) {
  char limbo[PATH_BYTES_MAX];
  struct stat stat;
  uint64_t inode = record->kind == RENAME ? record->replaced : record->inode;
  if (record->kind == CREATE || record->kind == MAKE_FOLDER || inode == 0) return;
  int saved = errno;
  limbo_path(limbo, inode, record->group);
  if (record->kind == REMOVE_FOLDER) {
    REAL(rmdir)(limbo);
  } else if (lstat(limbo, &stat) == 0) {
    REAL(unlinkat)(AT_FDCWD, limbo, 0);
    // Its number may be another file's from here on.
    if (stat.st_nlink == 1) drop_node(store, node_of(store, inode));
  }
  errno = saved;
}

static int is_covered(const struct record *record, uint64_t folder, uint64_t count) {
  if (record->is_synced || !is_done_before(record, count)) return 0;
  return folder == 0 || record->folder == folder || record->old_folder == folder;
}

static void mark_names(uint64_t folder, uint64_t count) {
  for (uint32_t index = store->newest_name; index != 0; index = store->records[index].next) {
    struct record *record = &store->records[index];
    if (!is_covered(record, folder, count)) continue;
    record->is_synced = 1;
    if (record->group > store->names_synced_to) store->names_synced_to = record->group;
    // A rename between two folders is durable in both, and so is all that came before it there.
    if (folder == 0 || record->kind != RENAME || record->folder == record->old_folder) continue;
    mark_names(record->folder == folder ? record->old_folder : record->folder, record->done);
  }
}

void sync_names(uint64_t folder, uint64_t count) {
  mark_names(folder, count);
  for (uint32_t *link = &store->newest_name; *link != 0;) {
    struct record *record = &store->records[*link];
    if (!record->is_synced) {
      link = &record->next;
      continue;
    }
    let_go(record);
    *link = record->next;
    free_record(store, record);
  }
}

static int open_new(struct place *place, int at, const char *path, int flags, mode_t mode) {
  struct record *record = add_name(CREATE, place, 0);
  int fd = REAL(openat64)(at, path, flags, mode);
  if (fd >= 0 && fstat(fd, &place->stat) == 0) {
    drop_node(store, node_of(store, place->stat.st_ino));
    record->inode = place->stat.st_ino;
  }
  end_name(record, fd >= 0);
  return fd;
}

static int open_truncating(int at, const char *path, int flags, mode_t mode) {
  struct change change;
  int fd = REAL(openat64)(at, path, flags & ~(O_TRUNC | O_EXCL), mode);
  if (fd < 0) return fd;
  begin_truncate(&change, fd, 0);
  int result = REAL(ftruncate64)(fd, 0);
  end_change(&change, result);
  return fd;
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
  struct place place;
  int is_quiet = (flags & (O_CREAT | O_TRUNC)) == 0 || (flags & O_TMPFILE) == O_TMPFILE;
  if (is_quiet || !find_place(&place, at, path)) return REAL(openat64)(at, path, flags, mode);
  lock_log(store);
  look(&place);
  if (!place.is_there && (flags & O_CREAT) != 0) {
    int fd = open_new(&place, at, path, flags, mode);
    unlock_log(store);
    return fd;
  }
  unlock_log(store);
  int is_truncating = (flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY;
  int is_refused = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  if (is_truncating && !is_refused) return open_truncating(at, path, flags, mode);
  return REAL(openat64)(at, path, flags, mode);
}

#define OPEN_MODE(flags)                                          \
  ({                                                              \
    mode_t mode = 0;                                              \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                 \
      va_list rest;                                               \
      va_start(rest, flags);                                      \
      mode = va_arg(rest, mode_t);                                \
      va_end(rest);                                               \
    }                                                             \
    mode;                                                         \
  })

int open64(const char *path, int flags, ...) {
  return open_at(AT_FDCWD, path, flags, OPEN_MODE(flags));
}
int open(const char *path, int flags, ...) __attribute__((alias("open64")));

int openat64(int at, const char *path, int flags, ...) {
  return open_at(at, path, flags, OPEN_MODE(flags));
}
int openat(int at, const char *path, int flags, ...) __attribute__((alias("openat64")));

int creat64(const char *path, mode_t mode) {
  return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat(const char *path, mode_t mode) __attribute__((alias("creat64")));

static int remove_folder(struct place *place) {
  DIR *folder = opendir(place->path);
  if (folder == NULL) return -1;
  int is_empty = 1;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) is_empty = 0;
  }
  closedir(folder);
  if (!is_empty) {
    errno = ENOTEMPTY;
    return -1;
  }
  // Moved away instead: a folder has no second link.
  struct record *record = add_name(REMOVE_FOLDER, place, place->stat.st_ino);
  char limbo[PATH_BYTES_MAX];
  limbo_path(limbo, place->stat.st_ino, record->group);
  int result = REAL(rename)(place->path, limbo);
  end_name(record, result == 0);
  return result;
}

int unlinkat(int at, const char *path, int flags) {
  struct place place;
  if (!find_place(&place, at, path)) return REAL(unlinkat)(at, path, flags);
  lock_log(store);
  look(&place);
  int is_folder = place.is_there && S_ISDIR(place.stat.st_mode);
  int result;
  if (!place.is_there || is_folder != ((flags & AT_REMOVEDIR) != 0)) {
    result = REAL(unlinkat)(at, path, flags);
  } else if (is_folder) {
    result = remove_folder(&place);
  } else {
    struct record *record = add_name(UNLINK, &place, place.stat.st_ino);
    keep_file(place.path, place.stat.st_ino, record->group);
    result = REAL(unlinkat)(at, path, flags);
    end_name(record, result == 0);
  }
  unlock_log(store);
  return result;
}

int unlink(const char *path) {
  return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path) {
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path) {
  int result = unlinkat(AT_FDCWD, path, 0);
  return result < 0 && errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

/** Takes part in no other than a plain rename within the store. */
static int rename_known(struct place *from, struct place *to) {
  struct record *record = add_name(RENAME, to, from->stat.st_ino);
  record->old_folder = from->folder;
  strcpy(record->names + strlen(to->name) + 1, from->name);
  if (to->is_there) {
    if (S_ISDIR(to->stat.st_mode)) tell_unmodelled("rename over a folder");
    else keep_file(to->path, to->stat.st_ino, record->group);
    record->replaced = to->stat.st_ino;
  }
  int result = REAL(rename)(from->path, to->path);
  end_name(record, result == 0);
  return result;
}

int renameat2(int from_at, const char *from_path, int to_at, const char *to_path,
              unsigned int flags) {
  struct place from, to;
  int is_from = find_place(&from, from_at, from_path);
  int is_to = find_place(&to, to_at, to_path);
  if (!is_from && !is_to) return REAL(renameat2)(from_at, from_path, to_at, to_path, flags);
  lock_log(store);
  int result;
  if (is_from) look(&from);
  if (is_to) look(&to);
  int is_plain = is_from && is_to && flags == 0;
  int is_same = is_plain && from.is_there && to.is_there && from.stat.st_ino == to.stat.st_ino;
  if (is_plain && from.is_there && !is_same) {
    result = rename_known(&from, &to);
  } else {
    if (!is_plain) tell_unmodelled("renameat2");
    result = REAL(renameat2)(from_at, from_path, to_at, to_path, flags);
  }
  unlock_log(store);
  return result;
}

int rename(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
  return renameat2(from_at, from, to_at, to, 0);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
  struct place place;
  if (!find_place(&place, to_at, to)) return REAL(linkat)(from_at, from, to_at, to, flags);
  lock_log(store);
  struct record *record = add_name(CREATE, &place, 0);
  int result = REAL(linkat)(from_at, from, to_at, to, flags);
  look(&place);
  if (result == 0) record->inode = place.stat.st_ino;
  end_name(record, result == 0);
  unlock_log(store);
  return result;
}

int link(const char *from, const char *to) {
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *target, int at, const char *path) {
  struct place place;
  if (!find_place(&place, at, path)) return REAL(symlinkat)(target, at, path);
  lock_log(store);
  struct record *record = add_name(CREATE, &place, 0);
  int result = REAL(symlinkat)(target, at, path);
  look(&place);
  if (result == 0) record->inode = place.stat.st_ino;
  end_name(record, result == 0);
  unlock_log(store);
  return result;
}

int symlink(const char *target, const char *path) {
  return symlinkat(target, AT_FDCWD, path);
}

int mkdirat(int at, const char *path, mode_t mode) {
  struct place place;
  if (!find_place(&place, at, path)) return REAL(mkdirat)(at, path, mode);
  lock_log(store);
  look(&place);
  if (place.is_there) {
    unlock_log(store);
    return REAL(mkdirat)(at, path, mode);
  }
  struct record *record = add_name(MAKE_FOLDER, &place, 0);
  int result = REAL(mkdirat)(at, path, mode);
  look(&place);
  if (result == 0) record->inode = place.stat.st_ino;
  end_name(record, result == 0);
  unlock_log(store);
  return result;
}

int mkdir(const char *path, mode_t mode) {
  return mkdirat(AT_FDCWD, path, mode);
}
