/*
 * The least that reading VIP counters can cost: the stats segment mapped, the four vectors found
 * once, and for each snapshot the sums over threads of the VIPs' elements, under the epoch rule.
 *
 *   counters SOCKET VIPS ROUNDS
 *
 * VIPs have pool indices 1 to VIPS. Prints p50 and p99 of a snapshot in microseconds, and the sum
 * of all counters of the last one, as one JSON object.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

struct header {
  uint64_t version, base;
  volatile uint64_t epoch, in_progress;
  uint64_t directory;
};

static const char *const NAMES[] = {"packet from existing sessions", "first session packet",
                                    "untracked packet", "no server configured"};

static const uint8_t *map;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static const void *at(uint64_t pointer) {
  return map + (pointer - ((const struct header *)map)->base);
}

static uint32_t length(const void *vector) { return ((const uint32_t *)vector)[-2]; }

static void attach(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  strncpy(name.sun_path, path, sizeof name.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  if (connect(fd, (struct sockaddr *)&name, sizeof name) < 0) fail(path);
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec vector = {&byte, 1};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                           .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, 0) < 0 || CMSG_FIRSTHDR(&message) == NULL) fail("descriptor");
  int segment;
  memcpy(&segment, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof segment);
  struct stat status;
  if (fstat(segment, &status) < 0) fail("fstat");
  map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, segment, 0);
  if (map == MAP_FAILED) fail("mmap");
}

static const uint64_t *find(const char *name) {
  const uint8_t *entries = at(((const struct header *)map)->directory);
  for (uint32_t i = 0; i < length(entries); i++) {
    const uint8_t *entry = entries + 144 * (size_t)i;
    if (strcmp((const char *)entry + 16, name) == 0) return at(*(const uint64_t *)(entry + 8));
  }
  fprintf(stderr, "no %s\n", name);
  exit(1);
}

static void snapshot(const uint64_t *const *threads, uint32_t vips, uint64_t *sums) {
  const struct header *header = (const struct header *)map;
  uint64_t epoch;
  do {
    while (header->in_progress != 0) {}
    epoch = header->epoch;
    memset(sums, 0, 4 * vips * sizeof *sums);
    for (int c = 0; c < 4; c++) {
      for (uint32_t t = 0; t < length(threads[c]); t++) {
        const uint64_t *elements = (const uint64_t *)at(threads[c][t]) + 1;
        for (uint32_t i = 0; i < vips; i++) sums[(size_t)c * vips + i] += elements[i];
      }
    }
  } while (header->in_progress != 0 || header->epoch != epoch);
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const uint32_t vips = (uint32_t)atoi(argv[2]);
  const int rounds = atoi(argv[3]);
  attach(argv[1]);
  const uint64_t *threads[4];
  for (int c = 0; c < 4; c++) threads[c] = find(NAMES[c]);
  uint64_t *sums = malloc(4 * vips * sizeof *sums);
  double *us = malloc((size_t)rounds * sizeof *us);
  for (int i = 0; i < rounds; i++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    snapshot(threads, vips, sums);
    clock_gettime(CLOCK_MONOTONIC, &to);
    us[i] = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
  }
  qsort(us, (size_t)rounds, sizeof *us, by_size);
  uint64_t sum = 0;
  for (size_t i = 0; i < 4 * (size_t)vips; i++) sum += sums[i];
  printf("{\"p50Us\":%.2f,\"p99Us\":%.2f,\"sum\":%llu}\n", us[rounds / 2], us[rounds * 99 / 100],
         (unsigned long long)sum);
  return 0;
}
