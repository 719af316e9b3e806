/*
 * The test of the shim's UDP sockets, to be run under AddressSanitizer and
 * UndefinedBehaviorSanitizer. It contacts loopback only. Exit status 0: no failure.
 */
#define _GNU_SOURCE
#include "check.h"
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 200

static const uint8_t payloads[] = "pingpong";

static int is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

/* A socket on loopback; its port. */
static int server_of(uint32_t family, uint32_t *port) {
  int domain = family == 4 ? AF_INET : AF_INET6;
  int fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct sockaddr *name = family == 4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
  socklen_t length = family == 4 ? sizeof v4 : sizeof v6;
  CHECK(fd >= 0 && bind(fd, name, length) == 0 && getsockname(fd, name, &length) == 0);
  *port = ntohs(family == 4 ? v4.sin_port : v6.sin6_port);
  return fd;
}

static struct maglev_udp_start request(uint32_t family, uint32_t port) {
  struct maglev_udp_start record = {.family = family, .port = port, .length = 4};
  if (family == 4) {
    record.destination[0] = 127;
    record.destination[3] = 1;
  } else {
    record.destination[15] = 1;
  }
  return record;
}

static int32_t start(int set, struct maglev_udp_start *record) {
  return maglev_udp_start(set, (uint8_t *)record, sizeof *record, payloads, sizeof payloads - 1);
}

static int32_t receive(int set, struct maglev_udp_received *record) {
  return maglev_udp_receive(set, (uint8_t *)record, sizeof *record);
}

static void test_exchange(int set, uint32_t family) {
  uint32_t port;
  int server = server_of(family, &port);
  struct maglev_udp_start out = request(family, port);
  out.offset = 4;
  memcpy(out.source, out.destination, sizeof out.source);
  if (family == 4) out.source[3] = 9;
  out.has_source = 1;
  CHECK(start(set, &out) == 1 && out.fd >= 0 && out.step == 0 && out.sent_ms > 0);
  CHECK(maglev_icmp_wait(set, -1, -1, 0, 0) == 0);
  struct maglev_udp_received in;
  CHECK(receive(set, &in) == 0);
  if (family == 4) {
    int discover;
    socklen_t size = sizeof discover;
    CHECK(getsockopt(out.fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, &size) == 0);
    CHECK(discover == IP_PMTUDISC_DONT);
  }

  uint8_t bytes[3000];
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  CHECK(recvfrom(server, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &length) == 4);
  CHECK(memcmp(bytes, "pong", 4) == 0);
  if (family == 4) CHECK(((uint8_t *)&((struct sockaddr_in *)&peer)->sin_addr)[3] == 9);
  /* Only the server's own answer arrives. */
  uint32_t other_port;
  int other = server_of(family, &other_port);
  CHECK(sendto(other, "x", 1, 0, (struct sockaddr *)&peer, length) == 1);
  CHECK(maglev_icmp_wait(set, -1, -1, 20, 0) == 0);
  memset(bytes, 'a', sizeof bytes);
  CHECK(sendto(server, bytes, 5, 0, (struct sockaddr *)&peer, length) == 5);
  CHECK(sendto(server, bytes, 3000, 0, (struct sockaddr *)&peer, length) == 3000);
  CHECK(sendto(server, bytes, 0, 0, (struct sockaddr *)&peer, length) == 0);
  CHECK(maglev_icmp_wait(set, -1, -1, 1000, 0) == 1);
  CHECK(receive(set, &in) == 1);
  CHECK(in.fd == out.fd && in.status == 0 && in.length == 5 && memcmp(in.packet, "aaaaa", 5) == 0);
  CHECK(in.received_ms >= out.sent_ms - 1 && in.received_ms < out.sent_ms + 5000);
  struct maglev_udp_received rest[4];
  CHECK(maglev_udp_receive(set, (uint8_t *)rest, sizeof rest) == 2);
  CHECK(rest[0].length == 3000 && rest[0].packet[MAGLEV_UDP_PACKET - 1] == 'a');
  CHECK(rest[1].length == 0 && rest[1].status == 0);
  CHECK(maglev_udp_end(set, out.fd) == 0 && !is_open(out.fd));
  CHECK(maglev_udp_end(set, out.fd) == -EBADF);
  close(server);
  close(other);
}

static void test_refused(int set, uint32_t family) {
  uint32_t port;
  close(server_of(family, &port));
  struct maglev_udp_start out = request(family, port);
  CHECK(start(set, &out) == 1);
  CHECK(maglev_icmp_wait(set, -1, -1, 1000, 0) == 1);
  struct maglev_udp_received in;
  CHECK(receive(set, &in) == 1);
  CHECK(in.fd == out.fd && in.status == -ECONNREFUSED && !in.local && in.length == 0);
  /* Port unreachable: type 3 code 3, or type 1 code 4. */
  CHECK(in.error_type == (family == 4 ? 3 : 1) && in.error_code == (family == 4 ? 3 : 4));
  CHECK(receive(set, &in) == 0);
  CHECK(maglev_icmp_wait(set, -1, -1, 20, 0) == 0); /* it does not stay ready */
  CHECK(maglev_udp_end(set, out.fd) == 0);
}

static void test_failures(int set) {
  struct maglev_udp_start out = request(4, 9);
  out.has_source = 1;
  memcpy(out.source, (uint8_t[]){203, 0, 113, 77}, 4);
  CHECK(start(set, &out) == 0 && out.fd == -EADDRNOTAVAIL && out.step == MAGLEV_UDP_BIND);
  out = request(4, 9);
  memset(out.destination, 255, 4); /* broadcast, which was not asked for */
  CHECK(start(set, &out) == 0 && out.fd == -EACCES && out.step == MAGLEV_UDP_CONNECT);
  out = request(4, 9);
  out.family = 5;
  CHECK(start(set, &out) == -EINVAL);
  out = request(4, 0x10000);
  CHECK(start(set, &out) == -EINVAL);
  out = request(4, 9);
  out.offset = 5;
  CHECK(start(set, &out) == -EINVAL);
  out.offset = 0xffffffff;
  CHECK(start(set, &out) == -EINVAL);
  out = request(4, 9);
  CHECK(maglev_udp_start(set, (uint8_t *)&out, sizeof out - 1, payloads, 4) == -EINVAL);
  CHECK(start(STDOUT_FILENO, &out) == -EBADF);
  struct maglev_udp_received in;
  CHECK(receive(STDOUT_FILENO, &in) == -EBADF);
  CHECK(maglev_udp_receive(set, (uint8_t *)&in, sizeof in - 1) == -EINVAL);
  CHECK(maglev_udp_receive(set, (uint8_t *)&in, 0) == -EINVAL);
  CHECK(maglev_udp_end(set, -1) == -EBADF && maglev_udp_end(set, 1000000) == -EBADF);
  CHECK(maglev_udp_end(set, set) == -EBADF && is_open(set));
}

/* More sockets than one system call reports; each gets its own answer. */
static void test_many(int set) {
  uint32_t port;
  int server = server_of(4, &port);
  static struct maglev_udp_start out[MANY];
  for (int i = 0; i < MANY; i++) out[i] = request(4, port);
  CHECK(maglev_udp_start(set, (uint8_t *)out, sizeof out, payloads, 4) == MANY);
  for (int i = 0; i < MANY; i++) {
    uint8_t bytes[8];
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    CHECK(recvfrom(server, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &length) == 4);
    CHECK(sendto(server, bytes, 4, 0, (struct sockaddr *)&peer, length) == 4);
  }
  static struct maglev_udp_received in[MANY + 1];
  CHECK(maglev_udp_receive(set, (uint8_t *)in, sizeof in) == MANY);
  for (int i = 0; i < MANY; i++) {
    int found = 0;
    for (int j = 0; j < MANY; j++) found += in[j].fd == out[i].fd && in[j].length == 4;
    CHECK(found == 1);
  }
  for (int i = 0; i < MANY; i += 2) CHECK(maglev_udp_end(set, out[i].fd) == 0);
  CHECK(maglev_udp_close(set) == 0);
  for (int i = 0; i < MANY; i++) CHECK(!is_open(out[i].fd));
  CHECK(maglev_udp_close(set) == -EBADF);
  close(server);
}

static void *open_and_leave(void *value) {
  int *fds = value;
  fds[0] = maglev_udp_open();
  CHECK(fds[0] >= 0);
  uint32_t port;
  int server = server_of(6, &port);
  struct maglev_udp_start out = request(6, port);
  CHECK(start(fds[0], &out) == 1);
  fds[1] = out.fd;
  close(server);
  return NULL;
}

/* A thread takes its sockets with it, and cannot use those of another. */
static void test_threads(int set) {
  int fds[2];
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, open_and_leave, fds) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(!is_open(fds[0]) && !is_open(fds[1]));
  struct maglev_udp_start out = request(4, 9);
  CHECK(start(fds[0], &out) == -EBADF);
  CHECK(is_open(set));
}

int main(void) {
  struct maglev_udp_start none = request(4, 9);
  CHECK(start(3, &none) == -EBADF);
  int set = maglev_udp_open();
  CHECK(set >= 0 && maglev_udp_open() == -EEXIST);
  for (uint32_t family = 4; family <= 6; family += 2) {
    test_exchange(set, family);
    test_refused(set, family);
  }
  test_failures(set);
  test_threads(set);
  test_many(set);
  set = maglev_udp_open();
  CHECK(set >= 0 && maglev_close(set) == 0);
  printf("ok\n");
  return 0;
}
