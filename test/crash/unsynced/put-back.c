// After the kill: decides by a seed what of the un-synced changes a drive would have kept, and puts
// the rest back.
//
//   put-back make LOG ROOT LIMBO       makes an empty log
//   put-back cut LOG SEED MODE         MODE is `mixed`, or `all`: takes everything back
//
// Each write is kept, taken back or torn at sectors; each sector shows one of the states that it had
// since the last sync. Lengths follow the writes. Names: either the newest changes of the whole store
// are lost (a journal), or the newest of each folder for itself. Prints counts as JSON.

#define _GNU_SOURCE
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum fate { KEPT, TAKEN_BACK, TORN, FATES };

static struct log *store;
static uint64_t seed;
static int is_all;
static uint64_t share_lost, share_torn; /* of 2^16, the same for one power cut */
static uint64_t write_fates[FATES], truncate_fates[FATES], name_fates[FATES];
static uint64_t sectors_put_back, files_shortened, by_kind[REMOVE_FOLDER + 1];

/** The same seed and place give the same number. Source: the finaliser of splitmix64. */
static uint64_t chance(uint64_t a, uint64_t b) {
  uint64_t x = seed + a * 0x9e3779b97f4a7c15ull + b * 0xd1342543de82ef95ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return (x ^ (x >> 31)) & 0xffff;
}

static void choose_shares(void) {
  const uint64_t shares[] = {0x0800, 0x4000, 0x8000, 0xc000, 0x10000};
  share_lost = is_all ? 0x10000 : shares[chance(1, 0) % 5];
  share_torn = is_all ? 0 : shares[chance(2, 0) % 3];
}

static enum fate fate_of(const struct record *record) {
  if (record->is_synced) return KEPT;
  if (record->kind == WRITE && chance(record->group, 1) < share_torn) return TORN;
  return chance(record->group, 2) < share_lost ? TAKEN_BACK : KEPT;
}

static void check(int is_right, const char *what, const char *path) {
  if (is_right) return;
  fprintf(stderr, "put-back: %s %s: %s\n", what, path, strerror(errno));
  exit(1);
}

/* Where each file and folder of the store and the limbo is, by inode. */
static struct found {
  uint64_t inode;
  char *path;
} *found;
static size_t found_count, found_room;

static void scan(const char *folder) {
  DIR *open = opendir(folder);
  check(open != NULL, "cannot list", folder);
  for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (found_count == found_room) {
      found_room = 2 * found_room + 64;
      found = realloc(found, found_room * sizeof *found);
    }
    char *path;
    if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) exit(1);
    found[found_count++] = (struct found){entry->d_ino, path};
    if (entry->d_type == DT_DIR) scan(path);
  }
  closedir(open);
}

static void scan_again(void) {
  struct stat root;
  while (found_count > 0) free(found[--found_count].path);
  scan(store->root);
  scan(store->limbo);
  check(stat(store->root, &root) == 0, "cannot look at", store->root);
  found = realloc(found, (found_room += 1) * sizeof *found);
  found[found_count++] = (struct found){root.st_ino, strdup(store->root)};
}

static const char *path_of(uint64_t inode) {
  for (size_t index = 0; index < found_count; index++) {
    if (found[index].inode == inode) return found[index].path;
  }
  return NULL;
}

/* Sectors of one file that are put back: which record has what was there. */
struct sector {
  uint64_t at; /* NOTHING: unused */
  const struct record *record;
};
static struct sector *sectors;
static size_t sector_room;

static struct sector *sector_at(uint64_t at) {
  size_t slot = (size_t)(at / SECTOR_BYTES * 0x9e3779b97f4a7c15ull) & (sector_room - 1);
  while (sectors[slot].at != NOTHING && sectors[slot].at != at) slot = (slot + 1) & (sector_room - 1);
  sectors[slot].at = at;
  return &sectors[slot];
}

static void clear_sectors(const struct record *const *records, size_t count) {
  size_t needed = 16;
  for (size_t index = 0; index < count; index++) {
    const struct record *record = records[index];
    // One whose process was killed while it was made has no range yet.
    if (record->to > record->from) needed += 2 * (record->to - record->from) / SECTOR_BYTES;
  }
  for (sector_room = 16; sector_room < needed; sector_room *= 2);
  sectors = realloc(sectors, sector_room * sizeof *sectors);
  check(sectors != NULL, "no memory for", "sectors");
  for (size_t slot = 0; slot < sector_room; slot++) sectors[slot] = (struct sector){.at = NOTHING};
}

/** The sector shows what was there before the first write that is lost behind the last kept one. */
static void mark_sectors(const struct record *record, enum fate fate) {
  for (uint64_t at = record->from; at < record->to; at += SECTOR_BYTES) {
    int is_kept = fate == KEPT;
    if (fate == TORN) is_kept = chance(record->group, at) < 0x8000;
    struct sector *sector = sector_at(at);
    if (is_kept) sector->record = NULL;
    else if (sector->record == NULL) sector->record = record;
  }
}

static int compare_sectors(const void *a, const void *b) {
  uint64_t left = ((const struct sector *)a)->at, right = ((const struct sector *)b)->at;
  return left < right ? -1 : left > right;
}

static void write_sectors(int fd, const char *path) {
  qsort(sectors, sector_room, sizeof *sectors, compare_sectors);
  for (size_t slot = 0; slot < sector_room && sectors[slot].at != NOTHING; slot++) {
    const struct record *record = sectors[slot].record;
    if (record == NULL) continue;
    unsigned char bytes[SECTOR_BYTES] = {0};
    uint64_t within = sectors[slot].at - record->from;
    if (record->data_at != NOTHING && within < record->data_size) {
      uint64_t left = record->data_size - within;
      memcpy(bytes, store->data + record->data_at + within, left < SECTOR_BYTES ? left : SECTOR_BYTES);
    }
    ssize_t count = pwrite(fd, bytes, SECTOR_BYTES, (off_t)sectors[slot].at);
    check(count == (ssize_t)SECTOR_BYTES, "cannot write", path);
    sectors_put_back++;
  }
}

/** A lost write may still have made the file longer, and a torn one not. */
static int is_length_kept(const struct record *record, enum fate fate) {
  if (fate != TORN && record->kind != WRITE) return fate == KEPT;
  if (fate == KEPT) return 1;
  return !is_all && chance(record->group, 3) < (fate == TORN ? 0x8000 : 0x2000);
}

static void put_back_file(const struct node *node) {
  const struct record **records = NULL;
  size_t count = 0;
  for (uint32_t index = node->newest; index != 0; index = store->records[index].next) {
    records = realloc(records, (count + 1) * sizeof *records);
    records[count++] = &store->records[index];
  }
  const char *path = path_of(node->inode);
  if (count == 0 || path == NULL) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  struct stat stat;
  check(fd >= 0 && fstat(fd, &stat) == 0, "cannot open", path);
  clear_sectors(records, count);
  enum fate *fates = calloc(count, sizeof *fates);
  // Newest first: what is written behind a cut is on no drive that has not the cut.
  for (size_t index = 0, is_shown = 0; index < count; index++) {
    fates[index] = fate_of(records[index]);
    if (records[index]->kind == TRUNCATE && is_shown) fates[index] = KEPT;
    is_shown |= fates[index] != TAKEN_BACK;
  }
  uint64_t size = node->durable_size;
  for (size_t index = count; index-- > 0;) {
    const struct record *record = records[index];
    enum fate fate = fates[index];
    int is_counted = !record->is_synced;
    if (record->kind == TRUNCATE) truncate_fates[fate] += is_counted;
    else write_fates[fate] += is_counted;
    mark_sectors(record, fate);
    if (!is_length_kept(record, fate)) continue;
    uint64_t end = record->end;
    // A write that the kill may have come before has made the file no longer than it is.
    int is_cut_short = record->done == 0 && record->kind != TRUNCATE;
    if (is_cut_short && end > (uint64_t)stat.st_size) end = (uint64_t)stat.st_size;
    if (record->kind == TRUNCATE || end > size) size = end;
  }
  write_sectors(fd, path);
  files_shortened += size < (uint64_t)stat.st_size;
  check(ftruncate(fd, (off_t)size) == 0, "cannot cut", path);
  close(fd);
  free(fates);
  free(records);
}

static int has_inode(const char *path, uint64_t inode) {
  struct stat stat;
  return lstat(path, &stat) == 0 && (inode == 0 || stat.st_ino == inode);
}

static int is_there(const char *path) {
  return has_inode(path, 0);
}

static void move(const char *from, const char *to) {
  check(rename(from, to) == 0, "cannot rename", from);
}

static void undo_name(const struct record *record) {
  const char *folder = path_of(record->folder);
  if (folder == NULL) return; // its own name is lost too
  char *path, *limbo, *lost;
  uint64_t kept = record->kind == RENAME ? record->replaced : record->inode;
  if (asprintf(&path, "%s/%s", folder, record->names) < 0) exit(1);
  if (asprintf(&limbo, "%s/%llu-%llu", store->limbo, (unsigned long long)kept,
               (unsigned long long)record->group) < 0) exit(1);
  if (asprintf(&lost, "%s/lost-%llu", store->limbo, (unsigned long long)record->group) < 0) exit(1);
  if (record->kind == CREATE && has_inode(path, record->inode)) {
    move(path, lost);
  } else if (record->kind == MAKE_FOLDER && has_inode(path, record->inode)) {
    move(path, lost);
  } else if (record->kind == UNLINK || record->kind == REMOVE_FOLDER) {
    if (!is_there(path) && is_there(limbo)) move(limbo, path);
  } else if (record->kind == RENAME && has_inode(path, record->inode)) {
    const char *old_folder = path_of(record->old_folder);
    char *old;
    if (old_folder == NULL) old_folder = store->limbo;
    if (asprintf(&old, "%s/%s", old_folder, record->names + strlen(record->names) + 1) < 0) exit(1);
    move(path, old);
    if (record->replaced != 0) move(limbo, path);
    free(old);
  }
  free(path);
  free(limbo);
  free(lost);
  scan_again();
}

/** In one order for the whole store, or in one for each folder. */
static int is_name_lost(const struct record *record, int is_journal) {
  if (record->is_synced) return 0;
  if (is_all) return 1;
  if (is_journal && record->group < store->names_synced_to) return 0;
  return chance(5, is_journal) * 2 > chance(record->group, 6);
}

static int is_in(const struct record *record, uint64_t folder) {
  return folder != 0 && (record->folder == folder || record->old_folder == folder);
}

static void put_back_names(void) {
  struct record **records = NULL;
  size_t count = 0;
  int is_journal = chance(7, 0) < 0x8000;
  for (uint32_t index = store->newest_name; index != 0; index = store->records[index].next) {
    records = realloc(records, (count + 1) * sizeof *records);
    records[count++] = &store->records[index];
  }
  for (size_t index = 0; index < count; index++) {
    struct record *record = records[index]; // newest first
    int is_lost = is_name_lost(record, is_journal);
    for (size_t newer = 0; newer < index && is_lost; newer++) {
      const struct record *later = records[newer];
      int is_bound = is_journal || is_in(later, record->folder) || is_in(later, record->old_folder);
      if (is_bound && later->kind != FREE) is_lost = 0; // it is kept, so this one is
    }
    name_fates[is_lost ? TAKEN_BACK : KEPT] += !record->is_synced;
    if (!is_lost) continue;
    by_kind[record->kind]++;
    undo_name(record);
    record->kind = FREE;
  }
  free(records);
}

static void print_fates(const char *name, const uint64_t *fates) {
  printf("\"%s\":{\"kept\":%llu,\"takenBack\":%llu,\"torn\":%llu},", name,
         (unsigned long long)fates[KEPT], (unsigned long long)fates[TAKEN_BACK],
         (unsigned long long)fates[TORN]);
}

static void print_count(const char *name, uint64_t count, const char *end) {
  printf("\"%s\":%llu%s", name, (unsigned long long)count, end);
}

static void report(void) {
  const struct counts *counts = &store->counts;
  printf("{");
  print_fates("writes", write_fates);
  print_fates("truncates", truncate_fates);
  print_fates("names", name_fates);
  print_count("sectorsPutBack", sectors_put_back, ",");
  print_count("filesShortened", files_shortened, ",");
  printf("\"namesTakenBack\":{");
  print_count("create", by_kind[CREATE], ",");
  print_count("unlink", by_kind[UNLINK], ",");
  print_count("rename", by_kind[RENAME], ",");
  print_count("makeFolder", by_kind[MAKE_FOLDER], ",");
  print_count("removeFolder", by_kind[REMOVE_FOLDER], "},\"seen\":{");
  print_count("writes", counts->writes, ",");
  print_count("durableWrites", counts->durable_writes, ",");
  print_count("truncates", counts->truncates, ",");
  print_count("names", counts->names, ",");
  print_count("syncs", counts->syncs, ",");
  print_count("folderSyncs", counts->folder_syncs, ",");
  print_count("mappings", counts->mapped, ",");
  print_count("unmodelled", counts->unmodelled, "},");
  printf("\"unmodelled\":\"%s\"}\n", store->unmodelled);
}

/** A drive that comes back holds what it kept: no write of ours waits for the next start's first sync. */
static void settle(void) {
  int root = open(store->root, O_RDONLY | O_DIRECTORY);
  check(root >= 0 && syncfs(root) == 0, "cannot sync", store->root);
  close(root);
}

int main(int count, char **words) {
  if (count == 5 && strcmp(words[1], "make") == 0) {
    check(make_log(words[2], words[3], words[4]) != NULL, "cannot make", words[2]);
    return 0;
  }
  if (count != 5 || strcmp(words[1], "cut") != 0) {
    fprintf(stderr, "usage: put-back make LOG ROOT LIMBO | put-back cut LOG SEED mixed|all\n");
    return 2;
  }
  store = open_log(words[2]);
  check(store != NULL, "cannot open", words[2]);
  seed = strtoull(words[3], NULL, 10);
  is_all = strcmp(words[4], "all") == 0;
  choose_shares();
  scan_again();
  for (uint32_t index = 0; index < NODES_MAX; index++) {
    if (store->nodes[index].newest != 0) put_back_file(&store->nodes[index]);
  }
  put_back_names();
  settle();
  report();
  return 0;
}
