/* A disk that can be watched and broken. Loaded before libc (LD_PRELOAD) into the programs under test.
 *
 * Every change of files below POWERCUT_FOLDER passes here: it is counted, it may fail with an errno or end the process
 * with SIGKILL, and when POWERCUT_JOURNAL is set it is journalled with its content, in the order of all threads and
 * processes. What is written to standard output is journalled as said, so a journal tells what was announced before a
 * cut. POWERCUT_CONTROL is a small file that all processes share: it orders them and says what is to happen.
 *
 * Files that end in -shm are SQLite's shared memory: they are made anew after a restart and are left out. Any other
 * file that is mapped for writing is noted as such, since its changes cannot be seen here.
 *
 * Longer than other files, since it stands in for each of the C library's names of a dozen system calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, WRITE, TRUNCATE, FSYNC, MKDIR, RENAME, LINK, UNLINK, RMDIR, FSYNC_FOLDER, SAY, SYNC, MAPPED, OPEN };

struct control { /* as `disk.py` writes it */
  int64_t count;      /* changes so far of the kinds that are counted */
  int64_t counted;    /* bit set of kinds */
  int64_t kill_at;    /* the change before which the process is killed; 0: never */
  int64_t fail_from;  /* the first and the last change that fail; 0: none */
  int64_t fail_to;
  int64_t fail_errno;
};

struct head {
  uint32_t magic, kind, pid, path_bytes, more_bytes, unused;
  uint64_t file;
  int64_t offset;
};

static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1, lock = -1;
static struct control *control;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void forked(void) { pthread_mutex_init(&mutex, NULL); }

static int moved_up(int descriptor) {
  int high = fcntl(descriptor, F_DUPFD_CLOEXEC, 700);
  syscall(SYS_close, descriptor);
  return high;
}

__attribute__((constructor)) static void start(void) {
  const char *below = getenv("POWERCUT_FOLDER"), *shared = getenv("POWERCUT_CONTROL"), *to = getenv("POWERCUT_JOURNAL");
  if (!below || !shared) return;
  folder_length = (size_t)snprintf(folder, sizeof folder, "%s", below);
  lock = moved_up((int)syscall(SYS_openat, AT_FDCWD, shared, O_RDWR, 0));
  if (to) journal = moved_up((int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_APPEND | O_CREAT, 0600));
  void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, lock, 0);
  if (lock < 0 || mapped == MAP_FAILED) { fprintf(stderr, "powercut: %s cannot be used\n", shared); _exit(99); }
  control = mapped;
  pthread_atfork(NULL, NULL, forked);
}

static int below(const char *path) {
  size_t length = strlen(path);
  if (!control || strncmp(path, folder, folder_length) || (path[folder_length] && path[folder_length] != '/')) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm");
}

static int whole_path(int at, const char *path, char *whole) {
  if (!control) return 0;
  if (path[0] == '/') return snprintf(whole, PATH_MAX, "%s", path) && below(whole);
  char link[64], base[PATH_MAX];
  if (at == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
  else snprintf(link, sizeof link, "/proc/self/fd/%d", at);
  ssize_t length = readlink(link, base, sizeof base - 1);
  if (length < 0) return 0;
  base[length] = 0;
  return snprintf(whole, PATH_MAX, "%s/%s", base, path) && below(whole);
}

static int path_of(int descriptor, char *path) {
  char link[64];
  if (!control) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  int saved = errno;
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  errno = saved;
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

static uint64_t file_of(int descriptor, struct stat *facts) {
  return fstat(descriptor, facts) ? 0 : (uint64_t)facts->st_ino;
}

static void enter(void) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  pthread_mutex_lock(&mutex);
  while (fcntl(lock, F_SETLKW, &whole) && errno == EINTR) {}
}

static void leave(void) {
  struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
  int saved = errno;
  fcntl(lock, F_SETLK, &whole);
  pthread_mutex_unlock(&mutex);
  errno = saved;
}

/* Counts a change that is about to happen. Non-zero: it has to fail, errno is set. */
static int refused(enum kind kind) {
  if (!(control->counted & (1LL << kind))) return 0;
  int64_t number = ++control->count;
  if (control->kill_at && number >= control->kill_at) {
    control->kill_at = 0;
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  if (!control->fail_from || number < control->fail_from || number > control->fail_to) return 0;
  errno = (int)control->fail_errno;
  return 1;
}

static void note(enum kind kind, const char *path, uint64_t file, int64_t offset, const void *more, size_t more_bytes) {
  if (journal < 0) return;
  size_t path_bytes = path ? strlen(path) : 0;
  struct head head = {0x504f5745, kind, (uint32_t)getpid(), (uint32_t)path_bytes, (uint32_t)more_bytes, 0, file, offset};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, path_bytes}, {(void *)more, more_bytes}};
  int saved = errno;
  if (syscall(SYS_writev, journal, parts, 3) != (long)(sizeof head + path_bytes + more_bytes)) {
    fprintf(stderr, "powercut: the journal cannot be written\n");
    _exit(99);
  }
  errno = saved;
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
  char whole[PATH_MAX];
  struct stat facts;
  if ((flags & O_ACCMODE) == O_RDONLY && !(flags & (O_CREAT | O_TRUNC))) return (int)syscall(SYS_openat, at, path, flags, mode);
  if (!whole_path(at, path, whole)) return (int)syscall(SYS_openat, at, path, flags, mode);
  enter();
  int existed = fstatat(AT_FDCWD, whole, &facts, 0) == 0;
  enum kind kind = existed ? (flags & O_TRUNC ? TRUNCATE : OPEN) : CREATE;
  int descriptor = refused(kind) ? -1 : (int)syscall(SYS_openat, at, path, flags, mode);
  if (descriptor >= 0 && kind != OPEN) {
    uint64_t file = file_of(descriptor, &facts);
    if (kind == CREATE) note(CREATE, whole, file, 0, NULL, 0);
    else note(TRUNCATE, NULL, file, 0, NULL, 0);
  }
  leave();
  return descriptor;
}

#define OPENED(name, at_argument, at)                                                \
  int name(at_argument const char *path, int flags, ...) {                           \
    va_list rest;                                                                    \
    va_start(rest, flags);                                                           \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;          \
    va_end(rest);                                                                    \
    return open_at(at, path, flags, mode);                                           \
  }
#define AT_ARGUMENT int at,
OPENED(open, , AT_FDCWD)
OPENED(open64, , AT_FDCWD)
OPENED(openat, AT_ARGUMENT, at)
OPENED(openat64, AT_ARGUMENT, at)
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* One write at `offset`, or at the descriptor's own place when that is -1. */
static ssize_t put(int descriptor, const void *data, size_t bytes, off_t offset) {
  char path[PATH_MAX];
  struct stat facts;
  int says = control && descriptor == 1 && journal >= 0;
  if (!says && !path_of(descriptor, path)) {
    return offset < 0 ? syscall(SYS_write, descriptor, data, bytes) : syscall(SYS_pwrite64, descriptor, data, bytes, offset);
  }
  enter();
  ssize_t written = -1;
  if (says) {
    written = syscall(SYS_write, descriptor, data, bytes);
    if (written > 0) note(SAY, NULL, 0, 0, data, (size_t)written);
  } else if (!refused(WRITE)) {
    uint64_t file = file_of(descriptor, &facts);
    off_t at = offset;
    if (at < 0) at = fcntl(descriptor, F_GETFL) & O_APPEND ? facts.st_size : lseek(descriptor, 0, SEEK_CUR);
    written = offset < 0 ? syscall(SYS_write, descriptor, data, bytes) : syscall(SYS_pwrite64, descriptor, data, bytes, offset);
    if (written > 0) note(WRITE, NULL, file, at, data, (size_t)written);
  }
  leave();
  return written;
}

/* Vectors are written one part after the other: a short count is allowed to every caller. */
static ssize_t put_parts(int descriptor, const struct iovec *parts, int count, off_t offset) {
  ssize_t total = 0;
  for (int part = 0; part < count; part++) {
    if (!parts[part].iov_len) continue;
    ssize_t written = put(descriptor, parts[part].iov_base, parts[part].iov_len, offset < 0 ? -1 : offset + total);
    if (written < 0) return total ? total : -1;
    total += written;
    if ((size_t)written < parts[part].iov_len) break;
  }
  return total;
}

ssize_t write(int descriptor, const void *data, size_t bytes) { return put(descriptor, data, bytes, -1); }
ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t offset) { return put(descriptor, data, bytes, offset); }
ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off64_t offset) { return put(descriptor, data, bytes, offset); }
ssize_t writev(int descriptor, const struct iovec *parts, int count) { return put_parts(descriptor, parts, count, -1); }
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) { return put_parts(descriptor, parts, count, offset); }
ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) { return put_parts(descriptor, parts, count, offset); }

/* Copies inside the kernel would pass unseen: callers fall back to reading and writing. */
ssize_t sendfile(int to, int from, off_t *offset, size_t bytes) {
  char path[PATH_MAX];
  if (path_of(to, path)) return errno = EINVAL, -1;
  return syscall(SYS_sendfile, to, from, offset, bytes);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t bytes) { return sendfile(to, from, offset, bytes); }
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t bytes, unsigned flags) {
  char path[PATH_MAX];
  if (path_of(to, path)) return errno = EXDEV, -1;
  return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, bytes, flags);
}

static int resize(int descriptor, off_t size, int mode, off_t from) {
  char path[PATH_MAX];
  struct stat facts;
  int watched = path_of(descriptor, path);
  if (watched) enter();
  int result = watched && refused(TRUNCATE) ? -1
               : mode < 0                   ? (int)syscall(SYS_ftruncate, descriptor, size)
                                            : (int)syscall(SYS_fallocate, descriptor, mode, from, size - from);
  if (watched && !result) {
    uint64_t file = file_of(descriptor, &facts);
    note(TRUNCATE, NULL, file, facts.st_size, NULL, 0);
  }
  if (watched) leave();
  return result;
}

int ftruncate(int descriptor, off_t size) { return resize(descriptor, size, -1, 0); }
int ftruncate64(int descriptor, off64_t size) { return resize(descriptor, size, -1, 0); }
int fallocate(int descriptor, int mode, off_t from, off_t bytes) { return resize(descriptor, from + bytes, mode, from); }
int fallocate64(int descriptor, int mode, off64_t from, off64_t bytes) { return resize(descriptor, from + bytes, mode, from); }
int posix_fallocate(int descriptor, off_t from, off_t bytes) { return resize(descriptor, from + bytes, 0, from) ? errno : 0; }
int posix_fallocate64(int descriptor, off64_t from, off64_t bytes) { return posix_fallocate(descriptor, from, bytes); }
int truncate(const char *path, off_t size) {
  int descriptor = open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  int result = descriptor < 0 ? -1 : ftruncate(descriptor, size);
  if (descriptor >= 0) syscall(SYS_close, descriptor);
  return result;
}
int truncate64(const char *path, off64_t size) { return truncate(path, size); }

static int flush(int descriptor, long call) {
  char path[PATH_MAX];
  struct stat facts;
  if (!path_of(descriptor, path)) return (int)syscall(call, descriptor);
  enter();
  uint64_t file = file_of(descriptor, &facts);
  enum kind kind = S_ISDIR(facts.st_mode) ? FSYNC_FOLDER : FSYNC;
  int result = refused(kind) ? -1 : (int)syscall(call, descriptor);
  if (!result) note(kind, kind == FSYNC ? NULL : path, file, 0, NULL, 0);
  leave();
  return result;
}

int fsync(int descriptor) { return flush(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return flush(descriptor, SYS_fdatasync); }
int syncfs(int descriptor) {
  if (control) enter(), note(SYNC, NULL, 0, 0, NULL, 0), leave();
  return (int)syscall(SYS_syncfs, descriptor);
}
void sync(void) {
  syscall(SYS_sync);
  if (control) enter(), note(SYNC, NULL, 0, 0, NULL, 0), leave();
}

/* A change of names. `call` has up to five arguments; the last one is passed as it is. */
static int renamed(enum kind kind, const char *path, const char *other, long call, const long *arguments) {
  struct stat facts;
  enter();
  int result = refused(kind) ? -1 : (int)syscall(call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
  if (!result) {
    uint64_t file = kind == MKDIR && !stat(path, &facts) ? (uint64_t)facts.st_ino : 0;
    note(kind, path, file, 0, other, other ? strlen(other) : 0);
  }
  leave();
  return result;
}

static int pair(enum kind kind, int at, const char *path, int other_at, const char *other, unsigned flags) {
  char whole[PATH_MAX], whole_other[PATH_MAX];
  long call = kind == RENAME ? SYS_renameat2 : SYS_linkat;
  long arguments[5] = {at, (long)path, other_at, (long)other, (long)flags};
  int from = whole_path(at, path, whole), to = whole_path(other_at, other, whole_other);
  if (!from && !to) return (int)syscall(call, at, path, other_at, other, flags);
  return renamed(kind, whole, whole_other, call, arguments);
}

static int single(enum kind kind, int at, const char *path, long argument) {
  char whole[PATH_MAX];
  long call = kind == MKDIR ? SYS_mkdirat : SYS_unlinkat;
  long arguments[5] = {at, (long)path, argument, 0, 0};
  if (!whole_path(at, path, whole)) return (int)syscall(call, at, path, argument);
  return renamed(kind, whole, NULL, call, arguments);
}

int rename(const char *path, const char *other) { return pair(RENAME, AT_FDCWD, path, AT_FDCWD, other, 0); }
int renameat(int at, const char *path, int other_at, const char *other) { return pair(RENAME, at, path, other_at, other, 0); }
int renameat2(int at, const char *path, int other_at, const char *other, unsigned flags) { return pair(RENAME, at, path, other_at, other, flags); }
int link(const char *path, const char *other) { return pair(LINK, AT_FDCWD, path, AT_FDCWD, other, 0); }
int linkat(int at, const char *path, int other_at, const char *other, int flags) { return pair(LINK, at, path, other_at, other, (unsigned)flags); }
int unlink(const char *path) { return single(UNLINK, AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return single(flags & AT_REMOVEDIR ? RMDIR : UNLINK, at, path, flags); }
int rmdir(const char *path) { return single(RMDIR, AT_FDCWD, path, AT_REMOVEDIR); }
int mkdir(const char *path, mode_t mode) { return single(MKDIR, AT_FDCWD, path, (long)mode); }
int mkdirat(int at, const char *path, mode_t mode) { return single(MKDIR, at, path, (long)mode); }

void *mmap64(void *near, size_t bytes, int rights, int flags, int descriptor, off64_t offset) {
  char path[PATH_MAX];
  if (descriptor >= 0 && (rights & PROT_WRITE) && (flags & MAP_SHARED) && path_of(descriptor, path)) {
    enter(), note(MAPPED, path, 0, 0, NULL, 0), leave();
  }
  return (void *)syscall(SYS_mmap, near, bytes, rights, flags, descriptor, offset);
}
