/*
 * The test of the shim's raw packets and its route lookup, to be run under AddressSanitizer and
 * UndefinedBehaviorSanitizer. It contacts loopback only. Exit status 0: no failure. Without the
 * permission for raw sockets it tests the refusals.
 */
#define _GNU_SOURCE
#include "check.h"
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t loopback4[4] = {127, 0, 0, 1};

/* A UDP datagram from 127.0.0.9, which its header claims, to `port` of loopback. */
static struct maglev_packet datagram4(uint16_t port) {
  struct maglev_packet record = {.length = 32};
  static const uint8_t header[20] = {0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0,
                                     127,  0, 0, 9,  127, 0, 0, 1};
  memcpy(record.packet, header, sizeof header);
  record.packet[22] = (uint8_t)(port >> 8);
  record.packet[23] = (uint8_t)port;
  record.packet[25] = 12;
  memcpy(record.packet + 28, "ping", 4);
  return record;
}

static int32_t send_one(int fd4, int fd6, struct maglev_packet *record) {
  return maglev_packet_send(fd4, fd6, (uint8_t *)record, sizeof *record);
}

static void test_send(int fd) {
  int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof name;
  CHECK(bind(server, (struct sockaddr *)&name, size) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&name, &size) == 0);
  struct maglev_packet record = datagram4(ntohs(name.sin_port));
  CHECK(send_one(fd, -1, &record) == 1 && record.status == 0 && record.sent_ms > 0);
  uint8_t bytes[16];
  CHECK(recvfrom(server, bytes, sizeof bytes, 0, (struct sockaddr *)&name, &size) == 4);
  CHECK(memcmp(bytes, "ping", 4) == 0 && ntohl(name.sin_addr.s_addr) == 0x7f000009);
  CHECK(send_one(-1, -1, &record) == 0 && record.status == -EBADF);
  record.packet[0] = 0x60;
  record.length = 40;
  CHECK(send_one(fd, -1, &record) == 0 && record.status == -EBADF);
  close(server);
}

static void test_refusals(int fd) {
  struct maglev_packet record = datagram4(9);
  CHECK(maglev_packet_send(fd, -1, (uint8_t *)&record, sizeof record - 1) == -EINVAL);
  record.length = 19;
  CHECK(send_one(fd, -1, &record) == -EINVAL);
  record.length = sizeof record.packet + 1;
  CHECK(send_one(fd, -1, &record) == -EINVAL);
  record.length = 32;
  record.packet[0] = 0x55;
  CHECK(send_one(fd, -1, &record) == -EINVAL);
  CHECK(send_one(1000000, -1, &record) == -EBADF && send_one(-1, 2, &record) == -EBADF);
}

static void test_route_source(void) {
  uint8_t source[16];
  CHECK(maglev_route_source(loopback4, 4, source, 4) == 0 && memcmp(source, loopback4, 4) == 0);
  CHECK(maglev_route_source(loopback4, 4, source, 16) == -EINVAL);
  CHECK(maglev_route_source(loopback4, 3, source, 3) == -EINVAL);
  uint8_t loopback6[16] = {0};
  loopback6[15] = 1;
  int32_t result = maglev_route_source(loopback6, 16, source, 16);
  CHECK(result < 0 || memcmp(source, loopback6, 16) == 0);
}

int main(void) {
  CHECK(maglev_packet_open(5) == -EINVAL);
  test_route_source();
  int32_t fd = maglev_packet_open(4);
  if (fd >= 0) {
    test_send(fd);
    CHECK(maglev_close(fd) == 0);
  } else {
    CHECK(fd == -EPERM || fd == -EACCES);
  }
  test_refusals(-1);
  puts("ok");
  return 0;
}
