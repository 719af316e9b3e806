/*
 * The reference for bench/ping.ts: the least a client must do. Connects to VPP's API socket,
 * pings one at a time and then with a window of requests unanswered, in large writes and reads.
 * Usage: ping SOCKET SINGLE PIPELINED WINDOW; prints one JSON object.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 16, PING = 10, REPLY = 18, BUFFER = 1 << 20 };

static uint8_t in[BUFFER], out[BUFFER];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void write_all(int fd, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, bytes, size);
    if (n <= 0) fail("write");
    bytes += n;
    size -= n;
  }
}

static void read_all(int fd, uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = read(fd, bytes, size);
    if (n <= 0) fail("read");
    bytes += n;
    size -= n;
  }
}

/* Shakes hands; gives the client index and the id of control_ping. */
static void handshake(int fd, uint32_t *index, uint16_t *id) {
  uint8_t request[HEADER + 70] = {0};
  put32(request + 8, 70);
  request[HEADER + 1] = 15;
  strcpy((char *)request + HEADER + 6, "ping");
  write_all(fd, request, sizeof request);
  read_all(fd, in, HEADER);
  uint32_t size = get32(in + 8);
  if (size > BUFFER || size < 20) exit(1);
  read_all(fd, in, size);
  *index = get32(in + 14);
  uint32_t count = in[18] << 8 | in[19];
  for (uint32_t i = 0; i < count && 20 + 66 * (i + 1) <= size; i++) {
    const uint8_t *entry = in + 20 + 66 * i;
    if (strncmp((const char *)entry + 2, "control_ping_51077d14", 64) == 0) {
      *id = entry[0] << 8 | entry[1];
      return;
    }
  }
  fprintf(stderr, "this VPP has no control_ping_51077d14\n");
  exit(1);
}

static void put_ping(uint8_t *at, uint16_t id, uint32_t index, uint32_t context) {
  memset(at, 0, HEADER);
  put32(at + 8, PING);
  at[HEADER] = id >> 8;
  at[HEADER + 1] = id;
  put32(at + HEADER + 2, index);
  put32(at + HEADER + 6, context);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  long single = atol(argv[2]), pipelined = atol(argv[3]), window = atol(argv[4]);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail(argv[1]);
  uint32_t index;
  uint16_t id;
  handshake(fd, &index, &id);

  double *us = calloc(single, sizeof *us);
  for (long i = 0; i < single; i++) {
    double start = now_us();
    put_ping(out, id, index, i);
    write_all(fd, out, HEADER + PING);
    read_all(fd, in, HEADER + REPLY);
    us[i] = now_us() - start;
  }
  qsort(us, single, sizeof *us, by_value);

  double start = now_us();
  size_t rest = 0;
  for (long sent = 0, received = 0; received < pipelined;) {
    size_t size = 0;
    for (; sent < pipelined && sent - received < window; sent++) {
      put_ping(out + size, id, index, sent);
      size += HEADER + PING;
    }
    write_all(fd, out, size);
    ssize_t n = read(fd, in + rest, BUFFER - rest);
    if (n <= 0) fail("read");
    size_t have = rest + n, whole = have / (HEADER + REPLY);
    received += whole;
    rest = have - whole * (HEADER + REPLY);
    memmove(in, in + whole * (HEADER + REPLY), rest);
  }
  double seconds = (now_us() - start) / 1e6;
  printf("{\"p50Us\":%.1f,\"p99Us\":%.1f,\"pipelinedPerS\":%.0f}\n", us[single / 2],
         us[single * 99 / 100], pipelined / seconds);
  return 0;
}
