/*
 * The reference for probes that talk over TCP (bench/probes.ts): the least an honest prober must do.
 * Each of N servers gets a connection once an interval, spread evenly. It sends the request, which
 * may be empty, reads an answer of that many bytes, and resets the connection. One that is still
 * open when its server is due again has failed.
 *
 *   stream N PORT INTERVAL_MS SECONDS REQUEST BYTES
 *
 * REQUEST is in hexadecimal digits. Prints the numbers of connections and of whole answers as JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, REQUEST_BYTES = 4096, ANSWER_BYTES = 4096 };

struct server {
  int fd;
  size_t sent, received;
};

static struct server *servers;
static int epoll, port;
static uint8_t request[REQUEST_BYTES];
static size_t request_bytes, answer_bytes;
static uint64_t answers;

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void end(struct server *server) {
  if (server->fd >= 0) close(server->fd);
  server->fd = -1;
}

static void start(int index) {
  struct server *server = servers + index;
  end(server);
  uint32_t address = 127u << 24 | 1u << 16 | (uint32_t)(index / 250) << 8 | (uint32_t)(index % 250 + 1);
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(address)};
  const struct linger reset = {1, 0};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  *server = (struct server){.fd = fd};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (connect(fd, (void *)&to, sizeof to) < 0 && errno != EINPROGRESS) return end(server);
  struct epoll_event event = {.events = request_bytes > 0 ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN,
                              .data.u32 = (uint32_t)index};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void go_on(struct server *server) {
  if (server->fd < 0) return;
  while (server->sent < request_bytes) {
    ssize_t sent = send(server->fd, request + server->sent, request_bytes - server->sent, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) end(server);
      return;
    }
    server->sent += (size_t)sent;
  }
  for (;;) {
    uint8_t bytes[ANSWER_BYTES];
    ssize_t count = recv(server->fd, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end(server);
    server->received += (size_t)count;
    if (server->received >= answer_bytes) {
      answers++;
      return end(server);
    }
  }
}

static bool read_request(const char *hex) {
  size_t digits = strlen(hex);
  if (digits % 2 != 0 || digits / 2 > sizeof request) return false;
  for (; request_bytes < digits / 2; request_bytes++) {
    if (sscanf(hex + 2 * request_bytes, "%2hhx", request + request_bytes) != 1) return false;
  }
  return true;
}

int main(int argc, char **argv) {
  if (argc != 7 || !read_request(argv[5])) return 2;
  int count = atoi(argv[1]), interval_ms = atoi(argv[3]), seconds = atoi(argv[4]);
  port = atoi(argv[2]);
  answer_bytes = (size_t)atoi(argv[6]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll = epoll_create1(0);
  servers = calloc((size_t)count, sizeof *servers);
  for (int i = 0; i < count; i++) servers[i].fd = -1;
  int64_t from = now_us(), until = from + seconds * 1000000LL, started = 0;
  for (int64_t now = from; now < until; now = now_us()) {
    int64_t due = (now - from) * count / (interval_ms * 1000LL);
    for (; started < due; started++) start((int)(started % count));
    struct epoll_event events[BATCH];
    int ready = epoll_wait(epoll, events, BATCH, 1);
    for (int i = 0; i < ready; i++) go_on(servers + events[i].data.u32);
  }
  printf("{\"started\":%lld,\"answers\":%llu}\n", (long long)started, (unsigned long long)answers);
  return 0;
}
