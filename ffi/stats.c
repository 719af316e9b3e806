/*
 * VPP's stats segment: received, read under its epoch rule, and, for the simulator, offered. See
 * shim.h.
 *
 * The segment belongs to another process: it may change at any moment and may be corrupt. So it is
 * not mapped. Each datum is read with pread(), which may return fewer bytes but never raises a
 * signal (reading a mapping of a truncated file kills the process).
 * The kernel's bounds are the only ones needed. A copy of 80 kB takes 6 us.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

/* STAT_SEGMENT_VERSION that the reader supports. */
#define LAYOUT_VERSION 2

/* Threads of a VPP: more than it can be built for. */
#define THREADS_MAX 256

/* Elements are read in pieces of this size, those this near to each other together. */
#define WINDOW 32768
#define GAP 4096

/* Reads of one call: 0.1 s. A segment that would take longer is not read to its end. */
#define READS_MAX 200000

/* ---- Sockets ---- */

/* False: no NUL in it, or too long for a socket. */
static int put_path(struct sockaddr_un *name, const uint8_t *path, uint32_t path_size) {
  memset(name, 0, sizeof *name);
  name->sun_family = AF_UNIX;
  const uint8_t *end = memchr(path, 0, path_size);
  if (end == NULL || end == path || (size_t)(end - path) >= sizeof name->sun_path) return 0;
  memcpy(name->sun_path, path, (size_t)(end - path));
  return 1;
}

static int packet_socket(void) {
  return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int32_t maglev_stats_connect(const uint8_t *path, uint32_t path_size) {
  struct sockaddr_un name;
  if (!put_path(&name, path, path_size)) return -EINVAL;
  int fd = packet_socket();
  if (fd < 0) return -errno;
  if (connect(fd, (const struct sockaddr *)&name, sizeof name) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return maglev_own(fd);
}

/* Accepts memory only: reading a device or a pipe might block for ever. */
static int is_memory(int fd) {
  struct stat status;
  struct statfs system;
  if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || fstatfs(fd, &system) < 0) return 0;
  return system.f_type == TMPFS_MAGIC || system.f_type == HUGETLBFS_MAGIC;
}

/* The first descriptor received; unexpected further ones are closed. -1: none. */
static int take_descriptor(struct msghdr *message) {
  int first = -1;
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
      if (first < 0) first = fd;
      else close(fd);
    }
  }
  return first;
}

int32_t maglev_stats_receive(int32_t socket) {
  if (!maglev_is_own(socket)) return -EBADF;
  uint8_t byte;
  struct iovec vector = {.iov_base = &byte, .iov_len = sizeof byte};
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(4 * sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  if (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return -errno;
  /* VPP's message has no other bytes than the descriptor: its end looks like the socket's. */
  int fd = take_descriptor(&message);
  if (fd < 0) return -EPIPE;
  if (is_memory(fd)) return maglev_own(fd);
  close(fd);
  return -EMEDIUMTYPE;
}

int32_t maglev_stats_size(int32_t segment) {
  if (!maglev_is_own(segment)) return -EBADF;
  struct stat status;
  if (fstat(segment, &status) < 0) return -errno;
  off_t kib = (status.st_size + 1023) / 1024;
  return kib > INT32_MAX ? INT32_MAX : (int32_t)kib;
}

/* ---- Reading ---- */

/* vlib_stats_shared_header_t of VPP's vlib/stats/shared.h. */
struct header {
  uint64_t version;
  uint64_t base;
  uint64_t epoch;
  uint64_t in_progress;
  uint64_t directory;
};
static_assert(sizeof(struct header) == MAGLEV_STATS_HEADER, "symbols.ts has this size");

struct segment {
  int fd;
  uint32_t reads;
  struct header header;
};

/* A vector of the segment: where its first element is, and how many there are. */
struct vector {
  uint64_t offset;
  uint32_t length;
};

static int32_t copy_at(struct segment *segment, uint64_t offset, void *to, size_t size) {
  if (offset > INT64_MAX - size) return -EFAULT;
  if (segment->reads++ == READS_MAX) return -E2BIG;
  uint8_t *bytes = to;
  for (size_t done = 0; done < size;) {
    ssize_t got = pread(segment->fd, bytes + done, size - done, (off_t)(offset + done));
    if (got == 0) return -EFAULT;
    if (got < 0 && errno != EINTR) return -errno;
    if (got > 0) done += (size_t)got;
  }
  return 0;
}

/* Pointers are VPP's own; a vector's length is in the eight bytes before it. */
static int32_t find_vector(struct segment *segment, uint64_t pointer, struct vector *vector) {
  *vector = (struct vector){0, 0};
  if (pointer == 0) return 0;
  uint64_t base = segment->header.base;
  if (pointer < base || pointer - base < sizeof segment->header + 8) return -EFAULT;
  vector->offset = pointer - base;
  return copy_at(segment, vector->offset - 8, &vector->length, sizeof vector->length);
}

static int32_t begin_read(int fd, struct segment *segment) {
  *segment = (struct segment){.fd = fd};
  int32_t result = copy_at(segment, 0, &segment->header, sizeof segment->header);
  atomic_thread_fence(memory_order_acquire);
  if (result < 0) return result;
  if (segment->header.version != LAYOUT_VERSION) return -EPROTO;
  return segment->header.in_progress != 0 ? -EAGAIN : 0;
}

/* A read counts only when the segment was not being rearranged; only then is it corrupt. */
static int32_t end_read(struct segment *segment, int32_t result) {
  atomic_thread_fence(memory_order_acquire);
  segment->reads = 0;
  struct header now;
  int32_t gone = copy_at(segment, 0, &now, sizeof now);
  if (gone < 0) return gone;
  return memcmp(&now, &segment->header, sizeof now) == 0 ? result : -EAGAIN;
}

static int32_t copy_directory(struct segment *segment, uint8_t *entries, uint32_t size) {
  struct vector directory;
  int32_t result = find_vector(segment, segment->header.directory, &directory);
  if (result < 0) return result;
  if (directory.length > INT32_MAX) return -EFAULT;
  uint32_t room = size / MAGLEV_STATS_ENTRY;
  uint32_t count = directory.length < room ? directory.length : room;
  result = copy_at(segment, directory.offset, entries, (size_t)count * MAGLEV_STATS_ENTRY);
  return result < 0 ? result : (int32_t)directory.length;
}

int32_t maglev_stats_directory(int32_t fd, uint8_t *header, uint32_t header_size,
                               uint8_t *entries, uint32_t entries_size) {
  if (!maglev_is_own(fd)) return -EBADF;
  if (header_size < sizeof(struct header)) return -EINVAL;
  struct segment segment;
  int32_t result = begin_read(fd, &segment);
  memcpy(header, &segment.header, sizeof segment.header);
  if (result < 0) return result;
  return end_read(&segment, copy_directory(&segment, entries, entries_size));
}

/* The elements to read of one counter vector. Indices ascend. */
struct pick {
  const uint32_t *indices;
  uint32_t count;
  uint32_t width;
  double *values;
};

/*
 * How many elements, from indices[at] on, one read of a window brings; at least that one. Nearly
 * always they stand side by side, which is seen at a glance.
 */
static uint32_t run_of(const struct pick *pick, uint32_t at) {
  const uint32_t room = WINDOW / (pick->width * (uint32_t)sizeof(uint64_t));
  const uint32_t gap = GAP / (pick->width * (uint32_t)sizeof(uint64_t));
  const uint32_t *indices = pick->indices + at;
  const uint32_t left = pick->count - at;
  const uint32_t most = left < room ? left : room;
  if (indices[most - 1] - indices[0] == most - 1) return most;
  uint32_t count = 1;
  while (count < most && indices[count] - indices[0] < room &&
         indices[count] - indices[count - 1] < gap) {
    count++;
  }
  return count;
}

/* Adds numbers; up to this size compilers add several at a time. */
#define EXACT_BITS 52

static void add_small(double *restrict values, const uint64_t *restrict numbers, size_t count) {
  const union {
    uint64_t bits;
    double number;
  } unit = {.number = (double)(UINT64_C(1) << EXACT_BITS)};
  for (size_t i = 0; i < count; i++) {
    /* 2^52 + n, whose bits are those of 2^52 with n in the last ones. */
    const uint64_t bits = unit.bits | numbers[i];
    double shifted;
    memcpy(&shifted, &bits, sizeof shifted);
    values[i] += shifted - unit.number;
  }
}

static void add_numbers(double *values, const uint64_t *numbers, size_t count) {
  uint64_t all = 0;
  for (size_t i = 0; i < count; i++) all |= numbers[i];
  if (all >> EXACT_BITS == 0) {
    add_small(values, numbers, count);
    return;
  }
  for (size_t i = 0; i < count; i++) values[i] += (double)numbers[i];
}

/* Adds one thread's elements to the values; a missing element makes its value NaN. */
static int32_t add_thread(struct segment *segment, const struct vector *elements,
                          const struct pick *pick) {
  const uint32_t width = pick->width;
  const size_t size = width * sizeof(uint64_t);
  uint64_t window[WINDOW / sizeof(uint64_t)];
  uint32_t known = pick->count;
  while (known > 0 && pick->indices[known - 1] >= elements->length) known--;
  for (size_t i = (size_t)known * width; i < (size_t)pick->count * width; i++) {
    pick->values[i] = (double)NAN;
  }
  const struct pick there = {pick->indices, known, width, pick->values};
  for (uint32_t at = 0; at < known;) {
    const uint32_t *indices = there.indices + at;
    const uint32_t count = run_of(&there, at);
    const uint32_t span = indices[count - 1] - indices[0] + 1;
    int32_t result =
        copy_at(segment, elements->offset + indices[0] * size, window, span * size);
    if (result < 0) return result;
    double *values = there.values + (size_t)at * width;
    if (span == count) {
      add_numbers(values, window, (size_t)count * width);
    } else {
      for (uint32_t i = 0; i < count; i++) {
        add_numbers(values + (size_t)i * width, window + (indices[i] - indices[0]) * width, width);
      }
    }
    at += count;
  }
  return 0;
}

static int32_t add_threads(struct segment *segment, const uint8_t *found,
                           const struct pick *pick) {
  uint64_t pointer;
  memcpy(&pointer, found + 8, sizeof pointer);
  struct vector threads;
  int32_t result = find_vector(segment, pointer, &threads);
  if (result < 0) return result;
  if (threads.length > THREADS_MAX) return -EFAULT;
  uint64_t pointers[THREADS_MAX];
  result = copy_at(segment, threads.offset, pointers, threads.length * sizeof *pointers);
  const size_t values = (size_t)pick->count * pick->width;
  for (size_t i = 0; i < values; i++) pick->values[i] = threads.length == 0 ? (double)NAN : 0;
  for (uint32_t i = 0; i < threads.length && result == 0; i++) {
    struct vector elements;
    result = find_vector(segment, pointers[i], &elements);
    if (result == 0) result = add_thread(segment, &elements, pick);
  }
  return result;
}

static int32_t read_vectors(struct segment *segment, struct maglev_stats_vector *vectors,
                            uint32_t count, struct pick pick) {
  struct vector directory;
  int32_t result = find_vector(segment, segment->header.directory, &directory);
  const uint32_t *indices = pick.indices;
  for (uint32_t i = 0; i < count && result == 0; i++) {
    struct maglev_stats_vector *vector = vectors + i;
    if (vector->entry >= directory.length) return -ENOENT;
    const uint64_t at = directory.offset + (uint64_t)vector->entry * MAGLEV_STATS_ENTRY;
    result = copy_at(segment, at, vector->found, sizeof vector->found);
    if (result < 0) return result;
    pick.indices = indices + vector->first;
    pick.count = vector->count;
    pick.width = vector->width;
    result = add_threads(segment, vector->found, &pick);
    pick.values += (size_t)vector->count * vector->width;
  }
  return result;
}

static int ascend(const uint32_t *indices, uint32_t count) {
  int ascending = 1;
  for (uint32_t i = 1; i < count; i++) ascending &= indices[i - 1] < indices[i];
  return ascending;
}

/* True when the vectors stay within indices and values, and the indices ascend. */
static int fits(const struct maglev_stats_vector *vectors, uint32_t count,
                const uint32_t *indices, uint32_t indices_size, uint32_t values_size) {
  uint64_t values = 0;
  for (uint32_t i = 0; i < count; i++) {
    const struct maglev_stats_vector *vector = vectors + i;
    if (vector->width != 1 && vector->width != 2) return 0;
    const uint64_t end = (uint64_t)vector->first + vector->count;
    if (end * sizeof(uint32_t) > indices_size) return 0;
    const int same = i > 0 && vector->first == vector[-1].first && vector->count == vector[-1].count;
    if (!same && !ascend(indices + vector->first, vector->count)) return 0;
    values += (uint64_t)vector->count * vector->width;
  }
  return values * sizeof(double) <= values_size;
}

int32_t maglev_stats_read(int32_t fd, uint8_t *vectors, uint32_t vectors_size,
                          const uint32_t *indices, uint32_t indices_size, double *values,
                          uint32_t values_size) {
  if (!maglev_is_own(fd)) return -EBADF;
  struct maglev_stats_vector *list = (struct maglev_stats_vector *)(void *)vectors;
  const uint32_t count = vectors_size / (uint32_t)sizeof *list;
  if (vectors_size % sizeof *list != 0 || (uintptr_t)vectors % _Alignof(uint64_t) != 0 ||
      (uintptr_t)indices % _Alignof(uint32_t) != 0 ||
      (uintptr_t)values % _Alignof(double) != 0 ||
      !fits(list, count, indices, indices_size, values_size)) {
    return -EINVAL;
  }
  struct segment segment;
  int32_t result = begin_read(fd, &segment);
  if (result < 0) return result;
  const struct pick pick = {.indices = indices, .values = values};
  return end_read(&segment, read_vectors(&segment, list, count, pick));
}

/* ---- The other end, for the simulator ---- */

int32_t maglev_stats_create(uint32_t size) {
  int fd = memfd_create("stat segment", MFD_CLOEXEC);
  if (fd < 0) return -errno;
  if (ftruncate(fd, (off_t)size) == 0) return maglev_own(fd);
  int error = errno;
  close(fd);
  return -error;
}

int32_t maglev_stats_resize(int32_t memory, uint32_t size) {
  if (!maglev_is_own(memory)) return -EBADF;
  return ftruncate(memory, (off_t)size) < 0 ? -errno : 0;
}

int32_t maglev_stats_write(int32_t memory, uint32_t offset, const uint8_t *bytes,
                           uint32_t bytes_size) {
  if (!maglev_is_own(memory)) return -EBADF;
  for (uint32_t done = 0; done < bytes_size;) {
    ssize_t put = pwrite(memory, bytes + done, bytes_size - done, (off_t)offset + (off_t)done);
    if (put < 0 && errno != EINTR) return -errno;
    if (put > 0) done += (uint32_t)put;
  }
  return 0;
}

int32_t maglev_stats_listen(const uint8_t *path, uint32_t path_size) {
  struct sockaddr_un name;
  if (!put_path(&name, path, path_size)) return -EINVAL;
  int fd = packet_socket();
  if (fd < 0) return -errno;
  if (bind(fd, (const struct sockaddr *)&name, sizeof name) < 0 || listen(fd, 16) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return maglev_own(fd);
}

/* As VPP does it (stats_socket_accept_ready() of its vlib/stats/init.c): send, and close. */
int32_t maglev_stats_offer(int32_t listener, int32_t memory) {
  if (!maglev_is_own(listener) || !maglev_is_own(memory)) return -EBADF;
  int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return -errno;
  struct iovec nothing = {.iov_base = NULL, .iov_len = 0};
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &nothing, .msg_iovlen = 1, .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &memory, sizeof memory);
  int error = sendmsg(client, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
  close(client);
  return -error;
}
