/* Preloaded, makes a folder slow: calls about paths below SLOW_FOLDER, and about descriptors opened there, sleep
   SLOW_SECONDS first and are counted in the file SLOW_CALLS, by kind. What glibc does within a FILE is not seen. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN, STAT, READ, CLOSE, KINDS };
enum { MOST = 1 << 16 };
static char folder[PATH_MAX];
static size_t length;
static struct timespec pause_of;
static _Atomic uint64_t *calls;
static _Atomic char marked[MOST];

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
  const char *given = getenv("SLOW_FOLDER"), *seconds = getenv("SLOW_SECONDS"), *count = getenv("SLOW_CALLS");
  if (!given || !seconds || !count || !realpath(given, folder)) return;
  length = strlen(folder);
  double each = atof(seconds);
  pause_of.tv_sec = (time_t)each;
  pause_of.tv_nsec = (long)((each - (double)pause_of.tv_sec) * 1e9);
  REAL(open);
  int file = real(count, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *place = mmap(NULL, KINDS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (place != MAP_FAILED) calls = place;
}

static void late(int kind) {
  if (!calls) return;
  calls[kind]++;
  nanosleep(&pause_of, NULL);
}

static int below(const char *path) {
  return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int slow_at(int from, const char *path) {
  char joined[2 * PATH_MAX];
  if (!length || !path) return 0;
  if (path[0] == '/') return below(path);
  if (from != AT_FDCWD) return from >= 0 && from < MOST && marked[from];
  if (!getcwd(joined, PATH_MAX)) return 0;
  size_t end = strlen(joined);
  snprintf(joined + end, PATH_MAX, "/%s", path);
  return below(joined);
}

static int slow(int descriptor) { return descriptor >= 0 && descriptor < MOST && marked[descriptor]; }

static int opened(int descriptor, int is_slow) {
  if (descriptor >= 0 && descriptor < MOST) marked[descriptor] = (char)is_slow;
  return descriptor;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

#define OPEN_PATH(name) \
  int name(const char *path, int flags, ...) { \
    MODE(flags) REAL(name); int is_slow = slow_at(AT_FDCWD, path); \
    if (is_slow) late(OPEN); \
    return opened(real(path, flags, mode), is_slow); }
#define OPEN_AT(name) \
  int name(int from, const char *path, int flags, ...) { \
    MODE(flags) REAL(name); int is_slow = slow_at(from, path); \
    if (is_slow) late(OPEN); \
    return opened(real(from, path, flags, mode), is_slow); }
#define OPEN_CHECKED(name) \
  extern int name(const char *, int); \
  int name(const char *path, int flags) { \
    REAL(name); int is_slow = slow_at(AT_FDCWD, path); \
    if (is_slow) late(OPEN); \
    return opened(real(path, flags), is_slow); }
#define OPEN_STREAM(name) \
  FILE *name(const char *path, const char *mode) { \
    REAL(name); if (slow_at(AT_FDCWD, path)) late(OPEN); return real(path, mode); }
#define ABOUT_PATH(name, arguments, given) \
  int name arguments { REAL(name); if (slow_at(AT_FDCWD, path)) late(STAT); return real given; }
#define ABOUT_AT(name, arguments, given) \
  int name arguments { REAL(name); if (*path ? slow_at(from, path) : slow(from)) late(STAT); return real given; }
#define ABOUT_OPEN(name, arguments, given) \
  int name arguments { REAL(name); if (slow(file)) late(STAT); return real given; }
#define READS(name, arguments, given) \
  ssize_t name arguments { REAL(name); if (slow(file)) late(READ); return real given; }

OPEN_PATH(open) OPEN_PATH(open64) OPEN_AT(openat) OPEN_AT(openat64)
OPEN_CHECKED(__open_2) OPEN_CHECKED(__open64_2)
OPEN_STREAM(fopen) OPEN_STREAM(fopen64)
DIR *opendir(const char *path) { REAL(opendir); if (slow_at(AT_FDCWD, path)) late(OPEN); return real(path); }

ABOUT_PATH(stat, (const char *path, struct stat *to), (path, to))
ABOUT_PATH(lstat, (const char *path, struct stat *to), (path, to))
ABOUT_PATH(stat64, (const char *path, struct stat64 *to), (path, to))
ABOUT_PATH(lstat64, (const char *path, struct stat64 *to), (path, to))
ABOUT_AT(fstatat, (int from, const char *path, struct stat *to, int flags), (from, path, to, flags))
ABOUT_AT(fstatat64, (int from, const char *path, struct stat64 *to, int flags), (from, path, to, flags))
ABOUT_AT(statx, (int from, const char *path, int flags, unsigned mask, struct statx *to), (from, path, flags, mask, to))
ABOUT_OPEN(fstat, (int file, struct stat *to), (file, to))
ABOUT_OPEN(fstat64, (int file, struct stat64 *to), (file, to))
/* Programs and packages that were built before glibc 2.33 call these. */
extern int __xstat(int, const char *, struct stat *), __lxstat(int, const char *, struct stat *);
extern int __xstat64(int, const char *, struct stat64 *), __lxstat64(int, const char *, struct stat64 *);
extern int __fxstat(int, int, struct stat *), __fxstat64(int, int, struct stat64 *);
extern int __fxstatat(int, int, const char *, struct stat *, int);
extern int __fxstatat64(int, int, const char *, struct stat64 *, int);
ABOUT_PATH(__xstat, (int version, const char *path, struct stat *to), (version, path, to))
ABOUT_PATH(__lxstat, (int version, const char *path, struct stat *to), (version, path, to))
ABOUT_PATH(__xstat64, (int version, const char *path, struct stat64 *to), (version, path, to))
ABOUT_PATH(__lxstat64, (int version, const char *path, struct stat64 *to), (version, path, to))
ABOUT_OPEN(__fxstat, (int version, int file, struct stat *to), (version, file, to))
ABOUT_OPEN(__fxstat64, (int version, int file, struct stat64 *to), (version, file, to))
ABOUT_AT(__fxstatat, (int version, int from, const char *path, struct stat *to, int flags), (version, from, path, to, flags))
ABOUT_AT(__fxstatat64, (int version, int from, const char *path, struct stat64 *to, int flags),
         (version, from, path, to, flags))

READS(read, (int file, void *to, size_t most), (file, to, most))
READS(readv, (int file, const struct iovec *to, int number), (file, to, number))
READS(pread, (int file, void *to, size_t most, off_t at), (file, to, most, at))
READS(pread64, (int file, void *to, size_t most, off64_t at), (file, to, most, at))
READS(preadv, (int file, const struct iovec *to, int number, off_t at), (file, to, number, at))
READS(preadv64, (int file, const struct iovec *to, int number, off64_t at), (file, to, number, at))
READS(preadv64v2, (int file, const struct iovec *to, int number, off64_t at, int flags), (file, to, number, at, flags))
extern ssize_t __read_chk(int, void *, size_t, size_t), __pread_chk(int, void *, size_t, off_t, size_t);
extern ssize_t __pread64_chk(int, void *, size_t, off64_t, size_t);
READS(__read_chk, (int file, void *to, size_t most, size_t room), (file, to, most, room))
READS(__pread_chk, (int file, void *to, size_t most, off_t at, size_t room), (file, to, most, at, room))
READS(__pread64_chk, (int file, void *to, size_t most, off64_t at, size_t room), (file, to, most, at, room))

int close(int file) {
  REAL(close);
  if (slow(file)) { late(CLOSE); marked[file] = 0; }
  return real(file);
}
