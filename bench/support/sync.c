/*
 * The reference for bench/sync.ts: the least a client must do to program VIPS x SERVERS, with a
 * window of requests unanswered, in large writes and reads. The same requests in the same order
 * as the daemon's. Usage: sync SOCKET VIPS SERVERS WINDOW; prints one JSON object.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* lb_add_del_vip_v2 and lb_add_del_as_v2 with their 16-byte frame headers; both replies. */
enum { HEADER = 16, VIP = 50, SERVER = 51, REPLY = 10, BUFFER = 1 << 20 };

static uint8_t in[BUFFER], out[BUFFER];
static uint32_t client_index;
static uint16_t vip_id, server_id;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void put16(uint8_t *at, uint16_t value) {
  at[0] = value >> 8;
  at[1] = value;
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

static void handshake(int fd) {
  uint8_t request[HEADER + 70] = {0};
  put32(request + 8, 70);
  request[HEADER + 1] = 15;
  strcpy((char *)request + HEADER + 6, "sync");
  write_all(fd, request, sizeof request);
  read_all(fd, in, HEADER);
  uint32_t size = get32(in + 8);
  if (size > BUFFER || size < 20) exit(1);
  read_all(fd, in, size);
  client_index = get32(in + 14);
  uint32_t count = in[18] << 8 | in[19];
  for (uint32_t i = 0; i < count && 20 + 66 * (i + 1) <= size; i++) {
    const uint8_t *entry = in + 20 + 66 * i;
    const char *name = (const char *)entry + 2;
    uint16_t id = entry[0] << 8 | entry[1];
    if (strncmp(name, "lb_add_del_vip_v2_7c520e0f", 64) == 0) vip_id = id;
    if (strncmp(name, "lb_add_del_as_v2_2f1d3b0e", 64) == 0) server_id = id;
  }
  if (vip_id == 0 || server_id == 0) {
    fprintf(stderr, "this VPP lacks the messages\n");
    exit(1);
  }
}

/* Common head: frame header, id, client index, context, prefix of VIP number n, tcp, port 80. */
static void put_head(uint8_t *at, uint16_t id, uint32_t size, uint32_t context, uint32_t n) {
  memset(at, 0, HEADER + size);
  put32(at + 8, size);
  at += HEADER;
  put16(at, id);
  put32(at + 2, client_index);
  put32(at + 6, context);
  put32(at + 11, 0xc6120000 + n); /* 198.18.0.0 and on */
  at[27] = 32;
  at[28] = 6;
  put16(at + 29, 80);
}

/* Request number i: VIP add, then its servers. */
static size_t put_request(uint8_t *at, uint32_t i, uint32_t servers) {
  uint32_t vip = i / (servers + 1), server = i % (servers + 1);
  if (server == 0) {
    put_head(at, vip_id, VIP, i, vip);
    put32(at + HEADER + 44, 1024); /* new_flows_table_length; encap 0 is gre4 */
    return HEADER + VIP;
  }
  put_head(at, server_id, SERVER, i, vip);
  put32(at + HEADER + 32, 0x0a000000 + server); /* 10.0.0.1 and on */
  at[HEADER + 48] = 100;
  return HEADER + SERVER;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  uint32_t vips = atol(argv[2]), servers = atol(argv[3]), window = atol(argv[4]);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail(argv[1]);
  handshake(fd);
  uint32_t total = vips * (servers + 1);
  uint32_t refused = 0;
  size_t rest = 0;
  double start = now_s();
  for (uint32_t sent = 0, received = 0; received < total;) {
    size_t size = 0;
    for (; sent < total && sent - received < window; sent++) {
      size += put_request(out + size, sent, servers);
    }
    write_all(fd, out, size);
    ssize_t n = read(fd, in + rest, BUFFER - rest);
    if (n <= 0) fail("read");
    size_t have = rest + n, at = 0;
    for (; have - at >= HEADER + REPLY; at += HEADER + REPLY) {
      if (get32(in + at + HEADER + 6) != 0) refused++;
      received++;
    }
    rest = have - at;
    memmove(in, in + at, rest);
  }
  double seconds = now_s() - start;
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec +
               (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  printf("{\"seconds\":%.4f,\"cpuSeconds\":%.4f,\"refused\":%u}\n", seconds, cpu, refused);
  return 0;
}
