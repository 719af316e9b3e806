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

static void test_interface(void) {
  uint8_t name[16];
  int32_t length = maglev_interface_of(loopback4, 4, name, sizeof name);
  CHECK(length == 2 && memcmp(name, "lo", 2) == 0);
  CHECK(maglev_interface_of(loopback4, 4, name, 1) == -EINVAL);
  CHECK(maglev_interface_of(loopback4, 5, name, sizeof name) == -EINVAL);
  static const uint8_t foreign4[4] = {192, 0, 2, 77};
  CHECK(maglev_interface_of(foreign4, 4, name, sizeof name) == -ENODEV);
  static const uint8_t foreign6[16] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  length = maglev_interface_of(foreign6, 16, name, sizeof name);
  CHECK(length == -ENODEV || length == -ENOENT);
  int32_t filter = maglev_rp_filter((const uint8_t *)"lo", 2);
  CHECK(filter >= 0 && filter <= 2);
  CHECK(maglev_rp_filter((const uint8_t *)"../all", 6) == -EINVAL);
  CHECK(maglev_rp_filter((const uint8_t *)"a234567890123456", 16) == -EINVAL);
  CHECK(maglev_rp_filter((const uint8_t *)"", 0) == -EINVAL);
  CHECK(maglev_rp_filter((const uint8_t *)"no-such", 7) == -ENOENT);
  uint32_t drops = 0;
  CHECK(maglev_rp_drops(&drops, sizeof drops) == 0);
  CHECK(maglev_rp_drops(&drops, 3) == -EINVAL);
}

/* A connection from the held port is none of ours, but its answer is what the filter passes. */
static void test_syn(int32_t fd, const uint32_t *about) {
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof name;
  CHECK(bind(server, (struct sockaddr *)&name, size) == 0 && listen(server, 1) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&name, &size) == 0);
  CHECK(connect((int)about[0], (struct sockaddr *)&name, size) == 0);
  static struct maglev_icmp_received in[4];
  uint32_t full[2];
  int32_t count = maglev_icmp_receive(fd, 4, (uint8_t *)in, sizeof in, full, sizeof full);
  CHECK(count == 1 && in[0].length >= 20 && (in[0].packet[13] & 0x16) == 0x12);
  CHECK(memcmp(in[0].address, loopback4, 4) == 0);
  CHECK((in[0].packet[2] << 8 | in[0].packet[3]) == (int)about[1]);
  CHECK(memcmp(in[0].packet, &name.sin_port, 2) == 0);
  close(server);
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
  int32_t raw = maglev_netns_look((const uint8_t *)"", 1, MAGLEV_LOOK_RAW, NULL, 0);
  CHECK(fd >= 0 ? raw == 0 : raw == fd);
  test_refusals(-1);
  test_interface();
  uint32_t about[2];
  CHECK(maglev_syn_open(5, about, sizeof about) == -EINVAL);
  CHECK(maglev_syn_open(4, about, 4) == -EINVAL);
  for (uint32_t family = 4; family <= 6; family += 2) {
    int32_t syn = maglev_syn_open(family, about, sizeof about);
    if (syn < 0) {
      CHECK(syn == -EPERM || syn == -EACCES || family == 6);
      continue;
    }
    CHECK(about[1] > 0 && about[1] < 65536);
    if (family == 4) test_syn(syn, about);
    CHECK(maglev_close(syn) == 0 && maglev_close((int32_t)about[0]) == 0);
  }
  puts("ok");
  return 0;
}
