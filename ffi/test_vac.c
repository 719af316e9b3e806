/*
 * The shim's way to VPP's shared memory and the bridge, under AddressSanitizer and
 * UndefinedBehaviorSanitizer, on the stand-in for libvppapiclient (tests/support/servers/vppapiclient.c):
 * this test is both the daemon and VPP.
 */
#define _GNU_SOURCE
#include "check.h"
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADER 16
#define ENTRY 66
#define PATIENCE_MS 20000

#define PING 100
#define PONG 101
#define INDEX 0x80000001u

static char folder[] = "/tmp/test_vac-XXXXXX";
static char segment[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener;
static uint8_t big[1 << 20];

static void put(uint8_t *bytes, int count, uint32_t value) {
  for (int i = 0; i < count; i++) bytes[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
}

static uint32_t get(const uint8_t *bytes, int count) {
  uint32_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

static const char *prefix(void) { return segment + strlen("/dev/shm/"); }

static void set_up(void) {
  CHECK(mkdtemp(folder) != NULL);
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/vpp", folder);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(bind(listener, (const struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(listener, 1) == 0);
  (void)snprintf(segment, sizeof segment, "/dev/shm/maglev-test-%d-vpe-api", getpid());
  FILE *file = fopen(segment, "we");
  CHECK(file != NULL && fputs(address.sun_path, file) >= 0 && fclose(file) == 0);
}

static void clean_up(void) {
  CHECK(unlink(segment) == 0 && unlink(address.sun_path) == 0 && rmdir(folder) == 0);
  close(listener);
}

/* ---- VPP's end ---- */

static void vpp_send(int vpp, const uint8_t *message, uint32_t length) {
  uint8_t header[HEADER] = {0};
  put(header + 8, 4, length);
  CHECK(send(vpp, header, sizeof header, MSG_NOSIGNAL) == sizeof header);
  for (uint32_t at = 0; at < length;) {
    ssize_t sent = send(vpp, message + at, length - at, MSG_NOSIGNAL);
    CHECK(sent > 0);
    at += (uint32_t)sent;
  }
}

static uint32_t vpp_receive(int vpp, uint8_t *message, size_t room) {
  uint8_t header[HEADER];
  CHECK(recv(vpp, header, sizeof header, MSG_WAITALL) == sizeof header);
  uint32_t length = get(header + 8, 4);
  CHECK(length <= room && recv(vpp, message, length, MSG_WAITALL) == (ssize_t)length);
  return length;
}

static void vpp_answer_ping(int vpp) {
  uint8_t ping[10];
  uint8_t pong[18] = {0};
  CHECK(vpp_receive(vpp, ping, sizeof ping) == sizeof ping && get(ping, 2) == PING);
  CHECK(get(ping + 2, 4) == INDEX);
  put(pong, 2, PONG);
  memcpy(pong + 2, ping + 6, 4);
  put(pong + 10, 4, INDEX);
  vpp_send(vpp, pong, sizeof pong);
}

static int vpp_accept(void) {
  struct pollfd fd = {.fd = listener, .events = POLLIN};
  CHECK(poll(&fd, 1, PATIENCE_MS) == 1);
  int vpp = accept(listener, NULL, NULL);
  uint8_t request[70];
  CHECK(vpp >= 0 && vpp_receive(vpp, request, sizeof request) == sizeof request);
  CHECK(get(request, 2) == 15 && strcmp((const char *)request + 6, "name") == 0);
  uint8_t reply[20 + 2 * ENTRY] = {0, 16};
  put(reply + 14, 4, INDEX);
  put(reply + 18, 2, 2);
  put(reply + 20, 2, PING);
  memcpy(reply + 22, "control_ping_1", 15);
  put(reply + 20 + ENTRY, 2, PONG);
  memcpy(reply + 22 + ENTRY, "control_ping_reply_1", 21);
  vpp_send(vpp, reply, sizeof reply);
  vpp_answer_ping(vpp);
  return vpp;
}

/* ---- The daemon's end ---- */

static void daemon_send(int fd, const uint8_t *bytes, uint32_t size) {
  for (uint32_t at = 0; at < size;) {
    int32_t sent = maglev_vac_send(fd, bytes + at, size - at);
    if (sent == -EAGAIN) sent = (maglev_vac_wait(fd, -1, 1, PATIENCE_MS) & 2) != 0 ? 0 : -1;
    CHECK(sent >= 0);
    at += (uint32_t)sent;
  }
}

/* Fills `bytes`; less only at the end of the stream. */
static uint32_t daemon_receive(int fd, uint8_t *bytes, uint32_t size) {
  uint32_t at = 0;
  while (at < size) {
    int32_t received = maglev_vac_receive(fd, bytes + at, size - at);
    if (received == 0) break;
    if (received == -EAGAIN) received = maglev_vac_wait(fd, -1, 0, PATIENCE_MS) == 1 ? 0 : -1;
    CHECK(received >= 0);
    at += (uint32_t)received;
  }
  return at;
}

static void daemon_send_frame(int fd, const uint8_t *message, uint32_t length) {
  uint8_t header[HEADER] = {0};
  put(header + 8, 4, length);
  daemon_send(fd, header, sizeof header);
  daemon_send(fd, message, length);
}

static uint32_t daemon_receive_frame(int fd, uint8_t *message, uint32_t room) {
  uint8_t header[HEADER];
  CHECK(daemon_receive(fd, header, sizeof header) == sizeof header);
  uint32_t length = get(header + 8, 4);
  CHECK(length <= room && daemon_receive(fd, message, length) == length);
  return length;
}

static int connected(int *vpp) {
  int fd = maglev_vac_open();
  CHECK(fd >= 0);
  uint8_t request[256];
  int length = snprintf((char *)request, sizeof request,
                        "%.*s%cname%ccontrol_ping_1%ccontrol_ping_reply_1%cnone_1",
                        (int)(strlen(prefix()) - strlen("-vpe-api")), prefix(), 0, 0, 0, 0);
  daemon_send_frame(fd, request, (uint32_t)length + 1);
  *vpp = vpp_accept();
  const uint8_t wanted[] = {0xff, 0xfe, 0x80, 0, 0, 1, 0, PING, 0, PONG, 0xff, 0xff};
  uint8_t hello[64];
  CHECK(daemon_receive_frame(fd, hello, sizeof hello) == sizeof wanted);
  CHECK(memcmp(hello, wanted, sizeof wanted) == 0);
  return fd;
}

/* Closes, and sees the bridge take leave. */
static void disconnect(int fd, int vpp) {
  CHECK(maglev_close(fd) == 0);
  vpp_answer_ping(vpp);
  uint8_t byte;
  CHECK(recv(vpp, &byte, 1, 0) == 0);
  close(vpp);
}

/* ---- Tests ---- */

static void test_arguments(void) {
  uint8_t bytes[8] = {0};
  CHECK(maglev_vac_send(STDOUT_FILENO, bytes, sizeof bytes) == -EBADF);
  CHECK(maglev_vac_receive(STDIN_FILENO, bytes, sizeof bytes) == -EBADF);
  CHECK(maglev_vac_wait(-1, -1, 0, 1) == 0);
  int wake = maglev_wake_open();
  CHECK(wake >= 0 && maglev_wake(wake) == 0);
  CHECK(maglev_vac_wait(-1, wake, 0, PATIENCE_MS) == 4);
  CHECK(maglev_close(wake) == 0);
}

static void test_exchange(void) {
  int vpp;
  int fd = connected(&vpp);
  uint8_t got[4096];
  for (uint32_t i = 0; i < 2000; i++) {
    uint32_t length = 6 + i * 7919 % 3000;
    memset(big, (int)i, length);
    put(big + 2, 4, INDEX);
    daemon_send_frame(fd, big, length);
    CHECK(vpp_receive(vpp, got, sizeof got) == length && memcmp(got, big, length) == 0);
    vpp_send(vpp, big, length);
    CHECK(daemon_receive_frame(fd, got, sizeof got) == length && memcmp(got, big, length) == 0);
  }
  disconnect(fd, vpp);
}

/* VPP is never kept waiting by a daemon that does not read; nor is memory without bound. */
static void test_daemon_that_does_not_read(void) {
  int vpp;
  int fd = connected(&vpp);
  memset(big, 7, sizeof big);
  put(big, 2, 300);
  for (int i = 0; i < 100; i++) vpp_send(vpp, big, sizeof big);
  uint32_t total = 0;
  static uint8_t sink[1 << 16];
  for (uint32_t size = sizeof sink; size == sizeof sink; total += size) {
    size = daemon_receive(fd, sink, sizeof sink);
  }
  CHECK(total < 70u << 20);
  disconnect(fd, vpp);
}

static void expect_notice(int fd, const char *text) {
  uint8_t notice[256] = {0};
  uint32_t length = daemon_receive_frame(fd, notice, sizeof notice - 1);
  CHECK(length > 2 && get(notice, 2) == 0xffff);
  if (strcmp((const char *)notice + 2, text) != 0) fprintf(stderr, "%s\n", notice + 2);
  CHECK(strcmp((const char *)notice + 2, text) == 0);
  uint8_t byte;
  CHECK(daemon_receive(fd, &byte, 1) == 0);
  CHECK(maglev_close(fd) == 0);
}

static void test_hostile(void) {
  const struct {
    uint16_t id;
    const char *notice;
  } cases[] = {{0xfff1, "VPP sent a message of impossible length"},
               {0xfff2, "VPP sent a message of impossible length"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int vpp;
    int fd = connected(&vpp);
    uint8_t message[6] = {0};
    put(message, 2, cases[i].id);
    vpp_send(vpp, message, sizeof message);
    expect_notice(fd, cases[i].notice);
    close(vpp);
  }
  const uint32_t lengths[] = {0, 5};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    int vpp;
    int fd = connected(&vpp);
    daemon_send_frame(fd, big, lengths[i]);
    expect_notice(fd, "the daemon sent a message that is too short");
    close(vpp);
  }
}

/* Requests that no daemon of ours sends. */
static void test_bad_requests(void) {
  const struct {
    const char *bytes;
    uint32_t size;
  } cases[] = {{"", 0}, {"a", 1}, {"a\0b\0", 4}, {"a\0b\0c\0", 6}, {"a\0b\0c\0d\0e", 9}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int fd = maglev_vac_open();
    CHECK(fd >= 0);
    daemon_send_frame(fd, (const uint8_t *)cases[i].bytes, cases[i].size);
    expect_notice(fd, "the daemon sent no request");
  }
}

/* The number of bridges is bounded, and ended bridges make room. */
static void test_bound(void) {
  int fds[17];
  int count = 0;
  while (count < 17 && (fds[count] = maglev_vac_open()) >= 0) count++;
  CHECK(count > 8 && count < 17 && fds[count] == -EAGAIN);
  while (count > 0) CHECK(maglev_close(fds[--count]) == 0);
  int opened = 0;
  for (int tries = 0; opened < 40 && tries < PATIENCE_MS; tries++) {
    int fd = maglev_vac_open();
    CHECK(fd >= 0 || fd == -EAGAIN);
    if (fd == -EAGAIN) usleep(1000);
    else opened++;
    CHECK(fd < 0 || maglev_close(fd) == 0);
  }
  CHECK(opened == 40);
}

int main(void) {
  set_up();
  test_arguments();
  test_exchange();
  test_daemon_that_does_not_read();
  test_hostile();
  test_bad_requests();
  test_bound();
  clean_up();
  printf("ok\n");
  return 0;
}
