/*
 * The stats segment: both ends of its socket, reading, and a segment that lies. The last part is a
 * fuzz with a fixed seed: 20,000 segments, or MAGLEV_FUZZ times as many.
 */
#define _GNU_SOURCE
#include "check.h"
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A little segment: two threads, one simple and one combined vector, each of three elements. */
#define BASE UINT64_C(0x100000000)
#define DIRECTORY 64
#define ENTRIES 3
#define SIMPLE (DIRECTORY + ENTRIES * MAGLEV_STATS_ENTRY + 64)
#define COMBINED (SIMPLE + 256)
#define SIZE 4096

static uint8_t image[SIZE];

static void put64(uint32_t at, uint64_t value) { memcpy(image + at, &value, sizeof value); }

static void put32(uint32_t at, uint32_t value) { memcpy(image + at, &value, sizeof value); }

static uint64_t get64(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

/* A vector's length stands before its first element, which is at `at`. */
static void put_length(uint32_t at, uint32_t length) { put32(at - 8, length); }

static void put_entry(uint32_t index, uint32_t type, uint64_t value) {
  uint32_t at = DIRECTORY + index * MAGLEV_STATS_ENTRY;
  put32(at, type);
  put64(at + 8, value);
  snprintf((char *)image + at + 16, 128, "entry %u", index);
}

/* Vectors of two threads in a row, of three elements of `width`; element i is n*(i+1). */
static void put_counters(uint32_t at, uint32_t width) {
  put_length(at, 2);
  for (uint32_t thread = 0; thread < 2; thread++) {
    uint32_t elements = at + 32 + thread * 96;
    put64(at + 8 * thread, BASE + elements);
    put_length(elements, 3);
    for (uint32_t i = 0; i < 3 * width; i++) {
      put64(elements + 8 * i, (thread == 0 ? 1 : 1000) * (uint64_t)(i + 1));
    }
  }
}

static void make_image(void) {
  memset(image, 0, sizeof image);
  put64(0, 2);
  put64(8, BASE);
  put64(16, 7);
  put64(32, BASE + DIRECTORY);
  put_length(DIRECTORY, ENTRIES);
  put_entry(0, 1, 1795197539);
  put_entry(1, 2, BASE + SIMPLE);
  put_entry(2, 3, BASE + COMBINED);
  put_counters(SIMPLE, 1);
  put_counters(COMBINED, 2);
}

static void store(int memory) {
  CHECK(maglev_stats_write(memory, 0, image, sizeof image) == 0);
}

static const uint32_t INDICES[] = {0, 1, 2, 5};
#define N_INDICES 4

static struct maglev_stats_vector vectors[2];
static double values[N_INDICES + 2 * 3];

static int32_t read_both(int memory) {
  vectors[0] = (struct maglev_stats_vector){.entry = 1, .width = 1, .first = 0, .count = 4};
  vectors[1] = (struct maglev_stats_vector){.entry = 2, .width = 2, .first = 1, .count = 3};
  return maglev_stats_read(memory, (uint8_t *)vectors, sizeof vectors, INDICES, sizeof INDICES,
                           values, sizeof values);
}

static void test_reading(int memory) {
  make_image();
  store(memory);
  uint8_t header[MAGLEV_STATS_HEADER];
  uint8_t entries[ENTRIES * MAGLEV_STATS_ENTRY];
  CHECK(maglev_stats_directory(memory, header, sizeof header, entries, sizeof entries) == ENTRIES);
  CHECK(memcmp(header, image, sizeof header) == 0);
  CHECK(memcmp(entries, image + DIRECTORY, sizeof entries) == 0);
  /* Room for one, and for none. */
  memset(entries, 9, sizeof entries);
  CHECK(maglev_stats_directory(memory, header, sizeof header, entries, 200) == ENTRIES);
  CHECK(memcmp(entries, image + DIRECTORY, 144) == 0 && entries[144] == 9);
  CHECK(maglev_stats_directory(memory, header, sizeof header, entries, 0) == ENTRIES);
  CHECK(maglev_stats_directory(memory, header, sizeof header - 1, entries, 0) == -EINVAL);
  CHECK(maglev_stats_directory(STDOUT_FILENO, header, sizeof header, entries, 0) == -EBADF);

  CHECK(read_both(memory) == 0);
  CHECK(values[0] == 1001 && values[1] == 2002 && values[2] == 3003 && isnan(values[3]));
  CHECK(values[4] == 3003 && values[5] == 4004 && values[6] == 5005 && values[7] == 6006);
  CHECK(isnan(values[8]) && isnan(values[9]));
  CHECK(memcmp(vectors[1].found, image + DIRECTORY + 2 * 144, 144) == 0);
  /* Numbers beyond 2^53 and 2^63 are rounded, not cut. */
  put64(SIMPLE + 32, UINT64_MAX);
  put64(SIMPLE + 32 + 96, 0);
  store(memory);
  CHECK(read_both(memory) == 0 && values[0] == 18446744073709551616.0 && values[1] == 2002);
  for (uint64_t bit = 1; bit != 0; bit <<= 1) {
    put64(SIMPLE + 32, bit);
    put64(SIMPLE + 32 + 96, 1);
    store(memory);
    CHECK(read_both(memory) == 0 && values[0] == (double)bit + 1.0 && values[2] == 3003);
  }
}

static void test_arguments(int memory) {
  uint8_t *list = (uint8_t *)vectors;
  CHECK(read_both(memory) == 0);
#define READ(fd, list_size, indices_size, values_size) \
  maglev_stats_read(fd, list, list_size, INDICES, indices_size, values, values_size)
  CHECK(READ(STDOUT_FILENO, sizeof vectors, sizeof INDICES, sizeof values) == -EBADF);
  CHECK(READ(memory, sizeof vectors - 1, sizeof INDICES, sizeof values) == -EINVAL);
  CHECK(READ(memory, sizeof vectors, sizeof INDICES - 4, sizeof values) == -EINVAL);
  CHECK(READ(memory, sizeof vectors, sizeof INDICES, sizeof values - 8) == -EINVAL);
  CHECK(READ(memory, 0, 0, 0) == 0);
  vectors[0].first = UINT32_MAX;
  CHECK(READ(memory, sizeof vectors, sizeof INDICES, sizeof values) == -EINVAL);
  vectors[0].first = 0;
  vectors[0].count = UINT32_MAX;
  CHECK(READ(memory, sizeof vectors, sizeof INDICES, sizeof values) == -EINVAL);
  vectors[0].count = 4;
  vectors[0].width = 3;
  CHECK(READ(memory, sizeof vectors, sizeof INDICES, sizeof values) == -EINVAL);
  vectors[0].width = 1;
  vectors[0].entry = ENTRIES;
  CHECK(READ(memory, sizeof vectors, sizeof INDICES, sizeof values) == -ENOENT);
  const uint32_t unsorted[][4] = {{1, 0, 2, 5}, {0, 1, 1, 5}, {0, 1, 5, 2}};
  for (int i = 0; i < 3; i++) {
    CHECK(maglev_stats_read(memory, list, sizeof *vectors, unsorted[i], 16, values,
                            sizeof values) == -EINVAL);
  }
}

/* Many elements, near and far: windows, gaps, and the end of the vector. */
static void test_many(int memory) {
  enum { ELEMENTS = 60000, AT = 8192 };
  static uint64_t elements[ELEMENTS];
  for (uint32_t i = 0; i < ELEMENTS; i++) elements[i] = i * 7;
  make_image();
  store(memory);
  const uint64_t pointers[] = {BASE + AT, BASE + AT};
  const uint64_t counts[] = {ELEMENTS, ELEMENTS / 2};
  CHECK(maglev_stats_resize(memory, AT + sizeof elements) == 0);
  CHECK(maglev_stats_write(memory, SIMPLE, (const uint8_t *)pointers, 16) == 0);
  CHECK(maglev_stats_write(memory, COMBINED, (const uint8_t *)pointers, 16) == 0);
  CHECK(maglev_stats_write(memory, AT, (const uint8_t *)elements, sizeof elements) == 0);
  static uint32_t many[ELEMENTS + 10];
  static double sums[ELEMENTS + 20];
  const uint32_t steps[] = {1, 2, 3, 511, 512, 513, 4095, 4096, 4097};
  for (uint32_t width = 1; width <= 2; width++) {
    CHECK(maglev_stats_write(memory, AT - 8, (const uint8_t *)&counts[width - 1], 4) == 0);
    const uint32_t limit = (uint32_t)counts[width - 1];
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
      uint32_t count = 0;
      for (uint32_t i = s % 2; i < limit + steps[s]; i += i % 5 == 0 ? 1 : steps[s]) {
        many[count++] = i;
      }
      struct maglev_stats_vector one = {.entry = width, .width = width, .count = count};
      CHECK(maglev_stats_read(memory, (uint8_t *)&one, sizeof one, many, count * 4, sums,
                              sizeof sums) == 0);
      for (uint32_t i = 0; i < count * width; i++) {
        const uint32_t index = many[i / width];
        const double wanted = 14.0 * (index * width + i % width);
        CHECK(index < limit ? sums[i] == wanted : isnan(sums[i]));
      }
    }
  }
  CHECK(maglev_stats_resize(memory, 3 * 1024 + 1) == 0 && maglev_stats_size(memory) == 4);
  CHECK(maglev_stats_resize(memory, UINT32_MAX) == 0 && maglev_stats_size(memory) == 4194304);
  CHECK(maglev_stats_size(-1) == -EBADF && maglev_stats_size(0) == -EBADF);
  CHECK(maglev_stats_resize(memory, SIZE) == 0);
}

/* Reads after one change of a good segment. */
static int32_t after(int memory, uint32_t at, uint64_t value) {
  make_image();
  put64(at, value);
  store(memory);
  return read_both(memory);
}

static void test_lies(int memory) {
  const uint64_t wild[] = {1, BASE - 8, BASE, BASE + 40, BASE + SIZE, BASE + SIZE - 4,
                           BASE + (UINT64_C(1) << 40), UINT64_MAX, UINT64_MAX - 7,
                           UINT64_C(1) << 63};
  for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
    CHECK(after(memory, 32, wild[i]) < 0);
    /* A pointer just past the end, or after zeros, is a vector without elements. */
    const int empty = wild[i] == BASE + SIZE || wild[i] == BASE + SIZE - 4;
    for (uint32_t at = DIRECTORY + 144 + 8; at <= SIMPLE + 8; at += SIMPLE - DIRECTORY - 144) {
      const int32_t result = after(memory, at, wild[i]);
      CHECK(empty ? result == 0 && isnan(values[0]) : result == -EFAULT);
    }
  }
  CHECK(after(memory, 0, 3) == -EPROTO);
  CHECK(after(memory, 24, 1) == -EAGAIN);                 /* in progress */
  CHECK(after(memory, 32, 0) == -ENOENT);                 /* no directory */
  CHECK(after(memory, DIRECTORY - 8, UINT32_MAX) == 0);   /* a directory that claims to be longer */
  CHECK(after(memory, SIMPLE - 8, 257) == -EFAULT);       /* more threads than any VPP has */
  CHECK(after(memory, SIMPLE - 8, UINT32_MAX) == -EFAULT);
  CHECK(after(memory, SIMPLE - 8, 0) == 0 && isnan(values[0]));
  CHECK(after(memory, SIMPLE + 8, 0) == 0 && isnan(values[0])); /* a thread without a vector */
  CHECK(after(memory, SIMPLE + 32 - 8, 1) == 0 && values[0] == 1001 && isnan(values[1]));
  /* A length beyond the file: only the requested elements are read. */
  CHECK(after(memory, SIMPLE + 32 - 8, UINT32_MAX) == 0 && values[0] == 1001);
  CHECK(after(memory, COMBINED + 32 + 96 - 8, UINT32_MAX) == 0);
  /* Cut off at every byte: it never reads as if it were whole, and never kills. */
  make_image();
  for (uint32_t size = 0; size < COMBINED + 32 + 96 + 48; size += 7) {
    CHECK(maglev_stats_resize(memory, 0) == 0 && maglev_stats_resize(memory, size) == 0);
    CHECK(maglev_stats_write(memory, 0, image, size) == 0);
    CHECK(read_both(memory) < 0);
    uint8_t header[MAGLEV_STATS_HEADER];
    CHECK((maglev_stats_directory(memory, header, sizeof header, NULL, 0) < 0) ==
          (size < DIRECTORY - 4));
  }
  CHECK(maglev_stats_resize(memory, SIZE) == 0);
}

/* A huge sparse segment, whose every element costs a read, takes no time either. */
static void test_budget(int memory) {
  make_image();
  put_length(SIMPLE, 256);
  put_length(SIMPLE + 32, UINT32_MAX);
  store(memory);
  for (uint32_t thread = 0; thread < 256; thread++) {
    const uint64_t pointer = BASE + SIMPLE + 4096;
    CHECK(maglev_stats_write(memory, SIMPLE + 8 * thread, (const uint8_t *)&pointer, 8) == 0);
  }
  const uint32_t length = UINT32_MAX;
  CHECK(maglev_stats_write(memory, SIMPLE + 4096 - 8, (const uint8_t *)&length, 4) == 0);
  CHECK(maglev_stats_resize(memory, UINT32_MAX) == 0);
  static uint32_t many[10000];
  static double sums[10000];
  for (uint32_t i = 0; i < 10000; i++) many[i] = i * 1000;
  struct maglev_stats_vector one = {.entry = 1, .width = 1, .count = 10000};
  CHECK(maglev_stats_read(memory, (uint8_t *)&one, sizeof one, many, sizeof many, sums,
                          sizeof sums) == -E2BIG);
  /* No more threads than there can be, be all their pointers good. */
  const uint32_t threads = 257;
  CHECK(maglev_stats_write(memory, SIMPLE - 8, (const uint8_t *)&threads, 4) == 0);
  CHECK(maglev_stats_write(memory, SIMPLE + 8 * 256, (const uint8_t *)&(uint64_t){0}, 8) == 0);
  one.count = 1;
  CHECK(maglev_stats_read(memory, (uint8_t *)&one, sizeof one, many, sizeof many, sums,
                          sizeof sums) == -EFAULT);
  CHECK(maglev_stats_resize(memory, SIZE) == 0);
}

/* ---- The socket ---- */

static void remove_and(const char *path) { CHECK(unlink(path) == 0 || errno == ENOENT); }

static int listen_on(const char *path) {
  remove_and(path);
  int fd = maglev_stats_listen((const uint8_t *)path, (uint32_t)strlen(path) + 1);
  CHECK(fd >= 0);
  return fd;
}

static int connect_to(const char *path) {
  return maglev_stats_connect((const uint8_t *)path, (uint32_t)strlen(path) + 1);
}

/* Sends `count` descriptors as a server that is not VPP might. */
static void send_fds(int listener, const int *fds, size_t count) {
  int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  CHECK(client >= 0);
  union {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(8 * sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct iovec vector = {.iov_base = (void *)(uintptr_t)"hello", .iov_len = 5};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
  }
  CHECK(sendmsg(client, &message, 0) == 5);
  close(client);
}

static int open_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void test_strange_servers(int listener, const char *path, int memory) {
  const int pipe_end = open("/dev/zero", O_RDONLY);
  const int before = open_descriptors();
  const int many[] = {memory, memory, memory, memory, memory, memory, memory, memory};
  const struct {
    const int *fds;
    size_t count;
    int32_t result;
  } cases[] = {
      {NULL, 0, -EPIPE}, {&pipe_end, 1, -EMEDIUMTYPE}, {many, 2, 0}, {many, 8, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int fd = connect_to(path);
    CHECK(fd >= 0);
    send_fds(listener, cases[i].fds, cases[i].count);
    int32_t result = maglev_stats_receive(fd);
    CHECK(cases[i].result == 0 ? result >= 0 : result == cases[i].result);
    if (result >= 0) {
      CHECK((fcntl(result, F_GETFD) & FD_CLOEXEC) != 0);
      CHECK(maglev_close(result) == 0);
    }
    CHECK(maglev_close(fd) == 0);
    CHECK(open_descriptors() == before);
  }
  close(pipe_end);
}

static void test_socket(int memory) {
  const char *path = "/tmp/maglev-test-stats.sock";
  char own[64];
  snprintf(own, sizeof own, "%s.%d", path, (int)getpid());
  remove_and(own);
  CHECK(connect_to(own) == -ENOENT);
  int listener = listen_on(own);
  CHECK(maglev_stats_listen((const uint8_t *)own, (uint32_t)strlen(own) + 1) == -EADDRINUSE);
  int fd = connect_to(own);
  CHECK(fd >= 0);
  CHECK(maglev_stats_receive(fd) == -EAGAIN);
  make_image();
  store(memory);
  CHECK(maglev_stats_offer(listener, memory) == 0);
  CHECK(maglev_stats_offer(listener, memory) == -EAGAIN);
  int segment = maglev_stats_receive(fd);
  CHECK(segment >= 0 && segment != memory);
  CHECK(read_both(segment) == 0 && values[0] == 1001);
  CHECK(maglev_stats_receive(fd) == -EPIPE);
  CHECK(maglev_close(fd) == 0);
  /* Later writes of the server are read, also after it closed its end. */
  put64(SIMPLE + 32, 41);
  store(memory);
  CHECK(read_both(segment) == 0 && values[0] == 1041);
  CHECK(maglev_close(segment) == 0);
  test_strange_servers(listener, own, memory);
  /* A server that does not accept: the backlog takes a few connects, and none waits. */
  int waiting[64];
  int count = 0;
  while (count < 10 && (waiting[count] = connect_to(own)) >= 0) count++;
  while (count > 0) CHECK(maglev_close(waiting[--count]) == 0);
  CHECK(maglev_close(listener) == 0);
  CHECK(connect_to(own) == -ECONNREFUSED);
  remove_and(own);
  char longest[200];
  memset(longest, 'x', sizeof longest);
  longest[0] = '/';
  CHECK(maglev_stats_connect((const uint8_t *)longest, sizeof longest) == -EINVAL);
  longest[sizeof longest - 1] = 0;
  CHECK(maglev_stats_connect((const uint8_t *)longest, sizeof longest) == -EINVAL);
  CHECK(maglev_stats_connect((const uint8_t *)"", 1) == -EINVAL);
  CHECK(maglev_stats_connect((const uint8_t *)"x", 0) == -EINVAL);
}

/* ---- Fuzz ---- */

static uint64_t random_state = 0x9e3779b97f4a7c13;

static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* Values that look like pointers, lengths and counts, more often than noise. */
static uint64_t strange(void) {
  const uint64_t pick = next_random();
  switch (pick % 6) {
    case 0: return BASE + next_random() % (2 * SIZE);
    case 1: return next_random() % 300;
    case 2: return UINT64_MAX - next_random() % 300;
    case 3: return BASE + next_random() % SIZE / 8 * 8;
    case 4: return UINT64_C(1) << (next_random() % 64);
    default: return next_random();
  }
}

static void fuzz(int memory, unsigned long rounds) {
  uint8_t header[MAGLEV_STATS_HEADER];
  static uint8_t entries[64 * MAGLEV_STATS_ENTRY];
  unsigned long good = 0;
  for (unsigned long round = 0; round < rounds; round++) {
    make_image();
    for (uint64_t n = next_random() % 4 + 1; n > 0; n--) {
      const uint32_t used = COMBINED + 256;
      uint32_t at = (uint32_t)(next_random() % (next_random() % 2 == 0 ? used : 48));
      if (next_random() % 3 == 0) image[at] ^= (uint8_t)(1U << next_random() % 8);
      else if (next_random() % 2 == 0) put64(at / 8 * 8, strange());
      else put32(at / 4 * 4, (uint32_t)strange());
    }
    uint32_t size = next_random() % 8 == 0 ? (uint32_t)(next_random() % SIZE) : SIZE;
    CHECK(maglev_stats_resize(memory, size) == 0);
    CHECK(maglev_stats_write(memory, 0, image, size) == 0);
    int32_t result = read_both(memory);
    CHECK(result == 0 || result == -EAGAIN || result == -EFAULT || result == -ENOENT ||
          result == -EPROTO);
    good += result == 0;
    uint32_t room = (uint32_t)(next_random() % sizeof entries);
    result = maglev_stats_directory(memory, header, sizeof header, entries, room);
    CHECK(result >= 0 || result == -EAGAIN || result == -EFAULT || result == -EPROTO);
  }
  CHECK(rounds < 1000 || (good > rounds / 100 && good < rounds));
}

/*
 * Another thread rearranges the segment continuously; meanwhile a pointer leads to invalid numbers.
 * Each read returns right sums or an error.
 */
struct mover {
  int memory;
  int stop;
};

static void *move(void *argument) {
  struct mover *mover = argument;
  /* The descriptor is the other thread's: written as VPP does, without the shim. */
  const uint64_t one = 1, zero = 0, right = BASE + SIMPLE, wrong = BASE + COMBINED;
  for (uint64_t epoch = 8; __atomic_load_n(&mover->stop, __ATOMIC_ACQUIRE) == 0; epoch++) {
    if (pwrite(mover->memory, &one, 8, 24) != 8) break;
    if (pwrite(mover->memory, &wrong, 8, DIRECTORY + 144 + 8) != 8) break;
    sched_yield();
    if (pwrite(mover->memory, &right, 8, DIRECTORY + 144 + 8) != 8) break;
    if (pwrite(mover->memory, &epoch, 8, 16) != 8) break;
    if (pwrite(mover->memory, &zero, 8, 24) != 8) break;
    usleep(1);
  }
  return NULL;
}

static void test_moving(int memory) {
  make_image();
  put64(COMBINED + 32, 5);
  store(memory);
  struct mover mover = {.memory = memory};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, move, &mover) == 0);
  int good = 0;
  for (int i = 0; i < 20000; i++) {
    int32_t result = read_both(memory);
    CHECK(result == 0 || result == -EAGAIN);
    if (result != 0) continue;
    good++;
    CHECK(get64(vectors[0].found + 8) == BASE + SIMPLE);
    CHECK(values[0] == 1001 && values[1] == 2002);
  }
  __atomic_store_n(&mover.stop, 1, __ATOMIC_RELEASE);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(good > 0);
}

int main(void) {
  int memory = maglev_stats_create(SIZE);
  CHECK(memory >= 0);
  test_reading(memory);
  test_arguments(memory);
  test_many(memory);
  test_lies(memory);
  test_budget(memory);
  test_socket(memory);
  test_moving(memory);
  const char *factor = getenv("MAGLEV_FUZZ");
  fuzz(memory, 20000 * (factor == NULL ? 1 : strtoul(factor, NULL, 10)));
  CHECK(maglev_close(memory) == 0);
  CHECK(maglev_stats_write(memory, 0, image, 1) == -EBADF);
  CHECK(maglev_stats_resize(memory, 1) == -EBADF);
  CHECK(maglev_stats_offer(memory, memory) == -EBADF);
  printf("ok\n");
  return 0;
}
