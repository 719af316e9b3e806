/*
 * The servers and the reference for probes over UDP (bench/probes.ts).
 *
 *   udp farm               one socket for all of 127.0.0.0/8; sends each datagram back from the
 *                          address that was asked, with the bit of an answer of DNS. Prints its
 *                          port as JSON. For each line on its standard input it prints the
 *                          datagrams and its CPU since the last; ends with its standard input
 *   udp probe N PORT INTERVAL_MS SECONDS
 *                          the least an honest prober must do: a datagram to each of N servers once
 *                          an interval, spread evenly, each from a connected socket that stays open,
 *                          and one receive. Prints the number of answers
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BYTES = 1500, CONTROL = 64 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static double cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int farm(void) {
  uint64_t served = 0;
  double before_ms = 0;
  static uint8_t bytes[BATCH][BYTES], control[BATCH][CONTROL];
  static struct sockaddr_in from[BATCH];
  int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, room = 32 << 20;
  struct sockaddr_in any = {.sin_family = AF_INET};
  socklen_t size = sizeof any;
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  if (bind(fd, (void *)&any, sizeof any) < 0) fail("bind");
  if (getsockname(fd, (void *)&any, &size) < 0) fail("getsockname");
  printf("{\"port\":%d}\n", ntohs(any.sin_port));
  fflush(stdout);
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  for (;;) {
    struct pollfd ready[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    if (poll(ready, 2, -1) < 0) fail("poll");
    if (ready[1].revents != 0) {
      char line[64];
      if (read(0, line, sizeof line) <= 0) return 0;
      double at_ms = cpu_ms();
      printf("{\"served\":%llu,\"cpuMs\":%.1f}\n", (unsigned long long)served, at_ms - before_ms);
      fflush(stdout);
      served = 0;
      before_ms = at_ms;
    }
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){bytes[i], BYTES};
      messages[i].msg_hdr = (struct msghdr){
          .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &parts[i],
          .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = CONTROL};
    }
    int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count > 0) served += (unsigned)count;
    for (int i = 0; i < count; i++) {
      parts[i].iov_len = messages[i].msg_len;
      if (messages[i].msg_len > 2) bytes[i][2] |= 0x80;
      struct cmsghdr *header = CMSG_FIRSTHDR(&messages[i].msg_hdr);
      if (header != NULL) ((struct in_pktinfo *)(void *)CMSG_DATA(header))->ipi_ifindex = 0;
    }
    for (int sent = 0, done; sent < count; sent += done) {
      done = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);
      if (done <= 0) done = 1;
    }
  }
}

static int probe(int count, int port, int interval_ms, int seconds) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int epoll = epoll_create1(0);
  int *sockets = malloc((size_t)count * sizeof *sockets);
  for (int i = 0; i < count; i++) {
    uint32_t address = 127u << 24 | 1u << 16 | (uint32_t)(i / 250) << 8 | (uint32_t)(i % 250 + 1);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(address)};
    sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (sockets[i] < 0 || connect(sockets[i], (void *)&to, sizeof to) < 0) fail("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = sockets[i]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event) < 0) fail("epoll_ctl");
  }
  int64_t start = now_us(), end = start + seconds * 1000000LL, sent = 0;
  uint64_t answers = 0;
  for (int64_t now = start; now < end; now = now_us()) {
    int64_t due = (now - start) * count / (interval_ms * 1000LL);
    for (; sent < due; sent++) (void)!send(sockets[sent % count], "ping", 4, 0);
    struct epoll_event events[BATCH];
    int ready = epoll_wait(epoll, events, BATCH, 1);
    for (int i = 0; i < ready; i++) {
      uint8_t answer[BYTES];
      answers += recv(events[i].data.fd, answer, sizeof answer, 0) > 0;
    }
  }
  printf("{\"sent\":%lld,\"answers\":%llu}\n", (long long)sent, (unsigned long long)answers);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "farm") == 0) return farm();
  if (argc == 6 && strcmp(argv[1], "probe") == 0) {
    return probe(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
  }
  return 2;
}
