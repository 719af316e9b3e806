/*
 * The shim's own test, to be run under AddressSanitizer and UndefinedBehaviorSanitizer: every
 * function with valid arguments and with those of a careless caller. Prints the cases that it
 * skipped because of a missing permission. Exit status 0: no failure.
 */
#define _GNU_SOURCE
#include "check.h"
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const uint8_t *text(const char *string) { return (const uint8_t *)string; }

static int is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static void test_limits(void) {
  double limits[2] = {0, 0};
  CHECK(maglev_nofile_raise(64, limits, sizeof limits) == 0);
  CHECK(limits[0] >= 64 && limits[1] >= limits[0]);
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlim_t hard = limit.rlim_max;
  limit.rlim_cur = 32;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(maglev_nofile_raise(100, limits, sizeof limits) == 0);
  CHECK(limits[0] == 100 && limits[1] == (double)hard);
  CHECK(maglev_nofile_raise(64, limits, sizeof limits) == 0);
  CHECK(limits[0] == 100); /* never lowered */
  CHECK(maglev_nofile_raise(64, limits, sizeof limits - 1) == -EINVAL);
}

static void test_count(void) {
  int32_t before = maglev_nofile_count();
  CHECK(before >= 3);
  int fds[2];
  CHECK(pipe(fds) == 0);
  CHECK(maglev_nofile_count() == before + 2);
  close(fds[0]);
  close(fds[1]);
  CHECK(maglev_nofile_count() == before);
}

static volatile sig_atomic_t hang_ups;

static void on_hang_up(int signal) {
  (void)signal;
  hang_ups++;
}

/* As the launcher does it: blocked and ignored first, then a handler, then let through. */
static void test_hang_up(void) {
  sigset_t hang_up;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  CHECK(pthread_sigmask(SIG_BLOCK, &hang_up, NULL) == 0);
  signal(SIGHUP, SIG_IGN);
  for (int i = 0; i < 3; i++) CHECK(kill(getpid(), SIGHUP) == 0);
  struct sigaction action = {.sa_handler = on_hang_up};
  CHECK(sigaction(SIGHUP, &action, NULL) == 0);
  CHECK(hang_ups == 0);
  CHECK(maglev_hang_up_unblock() == 0);
  CHECK(hang_ups == 1); /* once, however often it came */
  CHECK(kill(getpid(), SIGHUP) == 0);
  CHECK(hang_ups == 2);
  CHECK(maglev_hang_up_unblock() == 0);
  signal(SIGHUP, SIG_DFL);
}

/* A service manager at a socket with this name, abstract or in the file system. */
static void notify_at(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = '\0';
  int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(bind(manager, (const struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0);
  CHECK(setenv("NOTIFY_SOCKET", name, 1) == 0);
  CHECK(maglev_notify(text("READY=1"), 7) == 1);
  char got[16] = {0};
  CHECK(recv(manager, got, sizeof got, 0) == 7 && strcmp(got, "READY=1") == 0);
  /* It reads nothing: the caller is not held up. */
  int sent = 0;
  int32_t result = 0;
  while (sent < 10000 && (result = maglev_notify(text("A=1"), 3)) == 1) sent++;
  CHECK(result == -EAGAIN);
  close(manager);
  CHECK(maglev_notify(text("READY=1"), 7) == -ECONNREFUSED);
}

static void test_notify(void) {
  unsetenv("NOTIFY_SOCKET");
  CHECK(maglev_notify(text("READY=1"), 7) == 0);
  CHECK(setenv("NOTIFY_SOCKET", "", 1) == 0);
  CHECK(maglev_notify(text("READY=1"), 7) == 0);
  int32_t before = maglev_nofile_count();
  char name[64];
  snprintf(name, sizeof name, "/tmp/maglev-notify-%d", (int)getpid());
  notify_at(name);
  unlink(name);
  CHECK(maglev_notify(text("READY=1"), 7) == -ENOENT);
  snprintf(name, sizeof name, "@maglev-notify-%d", (int)getpid());
  notify_at(name);
  CHECK(setenv("NOTIFY_SOCKET", "vsock:2:1", 1) == 0);
  CHECK(maglev_notify(text("READY=1"), 7) == -EAFNOSUPPORT);
  char far[200];
  memset(far, 'a', sizeof far - 1);
  far[0] = '/';
  far[sizeof far - 1] = '\0';
  CHECK(setenv("NOTIFY_SOCKET", far, 1) == 0);
  CHECK(maglev_notify(text("READY=1"), 7) == -ENAMETOOLONG);
  unsetenv("NOTIFY_SOCKET");
  CHECK(maglev_nofile_count() == before);
}

static void *open_and_leave(void *argument) {
  int *fds = argument;
  fds[0] = maglev_wake_open();
  fds[1] = maglev_wake_open();
  CHECK(fds[0] >= 0 && fds[1] >= 0);
  CHECK(maglev_close(fds[0]) == 0);
  return NULL;
}

static void test_descriptors(void) {
  int wake = maglev_wake_open();
  CHECK(wake >= 0);
  CHECK(maglev_icmp_wait(-1, -1, wake, 0, 0) == 0);
  for (int i = 0; i < 3; i++) CHECK(maglev_wake(wake) == 0);
  CHECK(maglev_icmp_wait(-1, -1, wake, 10000, 10000) == 4);
  CHECK(maglev_wake_clear(wake) == 0 && maglev_wake_clear(wake) == 0);
  CHECK(maglev_icmp_wait(-1, -1, wake, 1, 0) == 0);
  CHECK(maglev_close(wake) == 0);
  CHECK(maglev_close(wake) == -EBADF);
  CHECK(maglev_wake(wake) == -EBADF);
  /* A descriptor that the shim did not open is not closed. */
  CHECK(maglev_close(STDOUT_FILENO) == -EBADF && is_open(STDOUT_FILENO));
  /* A thread takes what it opened with it. */
  int fds[2];
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, open_and_leave, fds) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(!is_open(fds[0]) && !is_open(fds[1]));
  /* There is a bound. */
  int many[64];
  int count = 0;
  while (count < 64 && (many[count] = maglev_wake_open()) >= 0) count++;
  CHECK(count > 4 && count < 64 && many[count] == -EMFILE);
  while (count > 0) CHECK(maglev_close(many[--count]) == 0);
}

static void test_namespaces(void) {
  uint64_t identity[2] = {0, 0};
  uint64_t entered[2] = {0, 0};
  const char *own = "/proc/self/ns/net";
  uint32_t size = (uint32_t)strlen(own) + 1;
  CHECK(maglev_netns_identity(text(own), size, identity, sizeof identity) == 0);
  CHECK(identity[1] != 0);
  CHECK(maglev_netns_identity(text(own), size - 1, identity, sizeof identity) == -EINVAL);
  CHECK(maglev_netns_identity(text(own), 0, identity, sizeof identity) == -EINVAL);
  CHECK(maglev_netns_identity(text(own), size, identity, 15) == -EINVAL);
  CHECK(maglev_netns_identity(text("/nowhere"), 9, identity, sizeof identity) == -ENOENT);
  CHECK(maglev_netns_enter(text("/nowhere"), 9, entered, sizeof entered) == -ENOENT);
  int32_t result = maglev_netns_enter(text(own), size, entered, sizeof entered);
  CHECK(result == 0 || result == -EPERM);
  if (result == 0) {
    CHECK(memcmp(identity, entered, sizeof identity) == 0);
    CHECK(maglev_netns_enter(text("/dev/null"), 10, entered, sizeof entered) == -EINVAL);
  } else {
    printf("not tried: entering a namespace needs CAP_SYS_ADMIN\n");
  }
  CHECK(maglev_interface_index(text("lo"), 3) > 0);
  CHECK(maglev_interface_index(text("nosuch"), 7) == -ENODEV);
  CHECK(maglev_interface_index(text("lo"), 2) == -EINVAL);
  CHECK(maglev_interface_index(text("a-name-far-too-long"), 20) == -ENODEV);
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  CHECK(maglev_interface_index(text("lo"), 3) == -EMFILE);
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const uint8_t loopback[16] = {127, 0, 0, 1};
  const uint8_t foreign[16] = {192, 0, 2, 1};
  CHECK(maglev_route_check(loopback, 4, NULL, 0, 0) == 0);
  CHECK(maglev_route_check(loopback, 4, loopback, 4, 0) == 0);
  CHECK(maglev_route_check(loopback, 4, foreign, 4, 0) == -EADDRNOTAVAIL);
  CHECK(maglev_route_check(loopback, 5, NULL, 0, 0) == -EINVAL);
  CHECK(maglev_route_check(loopback, 4, foreign, 16, 0) == -EINVAL);
  CHECK(maglev_route_check(loopback, 4, foreign, 5, 0) == -EINVAL);
}

static void test_looks(void) {
  uint8_t answer[64];
  const uint32_t size = sizeof answer;
  int32_t length = maglev_netns_look(text(""), 1, MAGLEV_LOOK_PORT_RANGE, answer, size);
  CHECK(length >= 4 && answer[length - 1] == '\n');
  CHECK(maglev_netns_look(text(""), 1, MAGLEV_LOOK_PORT_RANGE, answer, 2) == -E2BIG);
  CHECK(maglev_netns_look(text(""), 1, MAGLEV_LOOK_TW_REUSE, answer, size) == 2);
  CHECK(maglev_netns_look(text(""), 1, MAGLEV_LOOK_RESERVED_PORTS, answer, size) >= 1);
  CHECK(maglev_netns_look(text(""), 1, MAGLEV_LOOK_ENTER, NULL, 0) == 0);
  CHECK(maglev_netns_look(text(""), 1, 99, answer, size) == -EINVAL);
  CHECK(maglev_netns_look(text("/nowhere"), 8, MAGLEV_LOOK_ENTER, NULL, 0) == -EINVAL);
  CHECK(maglev_netns_look(text("/nowhere"), 9, MAGLEV_LOOK_ENTER, NULL, 0) == -ENOENT);
  const char *own = "/proc/self/ns/net";
  uint32_t own_size = (uint32_t)strlen(own) + 1;
  int32_t entered = maglev_netns_look(text(own), own_size, MAGLEV_LOOK_ENTER, NULL, 0);
  CHECK(entered == 0 || entered == -EPERM);
  if (entered != 0) return;
  uint8_t again[64];
  CHECK(maglev_netns_look(text(own), own_size, MAGLEV_LOOK_PORT_RANGE, again, size) == length);
  maglev_netns_look(text(""), 1, MAGLEV_LOOK_PORT_RANGE, answer, size);
  CHECK(memcmp(answer, again, (size_t)length) == 0);
  int32_t before = maglev_nofile_count();
  CHECK(maglev_netns_look(text(own), own_size, MAGLEV_LOOK_ICMP4, NULL, 0) <= 0);
  CHECK(maglev_nofile_count() == before); /* the thread closes its sockets */
}

static uint16_t sum_of(const uint8_t *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static void put_echo(struct maglev_icmp_send *record, uint32_t family, uint32_t id, uint32_t seq) {
  memset(record, 0, sizeof *record);
  record->status = 77;
  if (family == 4) {
    memcpy(record->destination, (uint8_t[]){127, 0, 0, 1}, 4);
  } else {
    record->destination[15] = 1;
  }
  uint8_t *packet = record->packet;
  packet[0] = family == 4 ? 8 : 128;
  packet[4] = (uint8_t)(id >> 8);
  packet[5] = (uint8_t)id;
  packet[6] = (uint8_t)(seq >> 8);
  packet[7] = (uint8_t)seq;
  record->length = 16;
  uint16_t sum = sum_of(packet, record->length);
  packet[2] = (uint8_t)(sum >> 8);
  packet[3] = (uint8_t)sum;
}

#define MANY 150

/* Sends MANY echoes over loopback, and finds the answer to each. */
static void test_exchange(int fd, uint32_t family, const uint32_t *about) {
  static struct maglev_icmp_send out[MANY];
  static struct maglev_icmp_received in[MANY + 10];
  int answered[MANY] = {0};
  for (uint32_t i = 0; i < MANY; i++) put_echo(&out[i], family, about[1], i);
  /* One of them cannot be sent: its source is not ours. */
  out[70].has_source = 1;
  memcpy(out[70].source, (uint8_t[]){192, 0, 2, 1}, 4);
  /* One has a source that is. */
  out[71].has_source = 1;
  memcpy(out[71].source, out[71].destination, sizeof out[71].source);
  CHECK(maglev_icmp_send(fd, family, (uint8_t *)out, sizeof out) == MANY - 1);
  for (int i = 0; i < MANY; i++) CHECK((out[i].status == 0) == (i != 70));
  CHECK(out[70].status < 0);
  int bit = family == 4 ? 1 : 2;
  CHECK((maglev_icmp_wait(family == 4 ? fd : -1, family == 6 ? fd : -1, -1, 1000, 1000) & bit) != 0);
  uint32_t overflow[1] = {9};
  int found = 0;
  for (int round = 0; round < 20 && found < MANY - 1; round++) {
    /* Room for few at a time. */
    int32_t count =
        maglev_icmp_receive(fd, family, (uint8_t *)in, 40 * sizeof *in, overflow, sizeof overflow);
    CHECK(count >= 0 && count <= 40 && overflow[0] == 0);
    for (int32_t i = 0; i < count; i++) {
      CHECK(in[i].kind == MAGLEV_ICMP_MESSAGE && in[i].length == 16);
      CHECK(in[i].packet[0] == (family == 4 ? 0 : 129));
      CHECK(memcmp(in[i].address, out[0].destination, sizeof in[i].address) == 0);
      int seq = in[i].packet[6] << 8 | in[i].packet[7];
      CHECK(seq < MANY && answered[seq]++ == 0);
      CHECK(in[i].received_ms > out[seq].sent_ms - 1 && in[i].received_ms < out[seq].sent_ms + 5000);
      found++;
    }
  }
  CHECK(found == MANY - 1);
}

static void test_icmp_arguments(int fd, uint32_t family) {
  struct maglev_icmp_send out[2];
  put_echo(&out[0], family, 1, 1);
  put_echo(&out[1], family, 1, 1);
  uint8_t *bytes = (uint8_t *)out;
  uint32_t about[1];
  CHECK(maglev_icmp_send(fd, 5, bytes, sizeof out) == -EINVAL);
  CHECK(maglev_icmp_send(fd, family, bytes, sizeof out - 1) == -EINVAL);
  CHECK(maglev_icmp_send(fd, family, bytes + 1, sizeof *out) == -EINVAL);
  CHECK(maglev_icmp_send(fd, family, bytes, 0) == 0);
  CHECK(maglev_icmp_send(STDOUT_FILENO, family, bytes, sizeof out) == -EBADF);
  out[1].length = sizeof out[1].packet + 1;
  CHECK(maglev_icmp_send(fd, family, bytes, sizeof out) == -EINVAL);
  struct maglev_icmp_received in[1];
  CHECK(maglev_icmp_receive(fd, 5, (uint8_t *)in, sizeof in, about, sizeof about) == -EINVAL);
  CHECK(maglev_icmp_receive(fd, family, (uint8_t *)in, 1, about, sizeof about) == -EINVAL);
  CHECK(maglev_icmp_receive(fd, family, (uint8_t *)in, sizeof in, about, 3) == -EINVAL);
  CHECK(maglev_icmp_receive(-1, family, (uint8_t *)in, sizeof in, about, sizeof about) == -EBADF);
}

static void test_icmp(uint32_t family, uint32_t kind) {
  uint32_t about[2] = {0, 0};
  CHECK(maglev_icmp_open(5, kind, 1, about, sizeof about) == -EINVAL);
  CHECK(maglev_icmp_open(family, 0, 1, about, sizeof about) == -EINVAL);
  CHECK(maglev_icmp_open(family, kind, 0x10000, about, sizeof about) == -EINVAL);
  CHECK(maglev_icmp_open(family, kind, 1, about, 7) == -EINVAL);
  int fd = maglev_icmp_open(family, kind, 0x1234, about, sizeof about);
  if (fd < 0) {
    CHECK(fd == -EPERM || fd == -EACCES || fd == -EAFNOSUPPORT);
    printf("not tried: ICMP, family %u, kind %u: %s\n", family, kind, strerror(-fd));
    return;
  }
  CHECK(about[0] == kind && (kind == MAGLEV_ICMP_DATAGRAM || about[1] == 0x1234));
  test_icmp_arguments(fd, family);
  test_exchange(fd, family, about);
  /* Another socket's answers are not ours. */
  uint32_t others[2];
  int other = maglev_icmp_open(family, kind, 0x4321, others, sizeof others);
  CHECK(other >= 0 && others[1] != about[1]);
  struct maglev_icmp_send out;
  put_echo(&out, family, others[1], 1);
  CHECK(maglev_icmp_send(other, family, (uint8_t *)&out, sizeof out) == 1);
  CHECK(maglev_icmp_wait(other, -1, -1, 1000, 0) == 1);
  CHECK(maglev_icmp_wait(fd, -1, -1, 20, 0) == 0);
  CHECK(maglev_close(other) == 0 && maglev_close(fd) == 0);
}

/* More answers than there is room for: the loss is noticed. */
static void test_overflow(void) {
  uint32_t about[2];
  int fd = maglev_icmp_open(4, MAGLEV_ICMP_RAW, 7, about, sizeof about);
  if (fd < 0) return;
  int small = 2048;
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
  static struct maglev_icmp_send out[MANY];
  for (uint32_t i = 0; i < MANY; i++) put_echo(&out[i], 4, about[1], i);
  CHECK(maglev_icmp_send(fd, 4, (uint8_t *)out, sizeof out) == MANY);
  static struct maglev_icmp_received in[MANY];
  uint32_t overflow[1] = {0};
  int32_t count = maglev_icmp_receive(fd, 4, (uint8_t *)in, sizeof in, overflow, sizeof overflow);
  CHECK(count > 0 && count < MANY && overflow[0] == 1);
  count = maglev_icmp_receive(fd, 4, (uint8_t *)in, sizeof in, overflow, sizeof overflow);
  CHECK(count == 0 && overflow[0] == 0);
  CHECK(maglev_close(fd) == 0);
}

/* This process is at both ends of a pair of unix sockets; a pipe or a TCP socket has no user. */
static void test_users(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  uint32_t about[2] = {0, 0};
  CHECK(maglev_peer_user(pair[0], about, sizeof about) == 0);
  CHECK(about[0] == getuid() && about[1] == (uint32_t)getpid());
  CHECK(maglev_peer_user(pair[0], about, sizeof about - 1) == -EINVAL);
  close(pair[0]);
  CHECK(maglev_peer_user(pair[0], about, sizeof about) == -EBADF);
  close(pair[1]);
  int tcp = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(maglev_peer_user(tcp, about, sizeof about) == -ENOENT);
  close(tcp);
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  CHECK(maglev_peer_user(pipes[0], about, sizeof about) == -ENOTSOCK);
  close(pipes[0]);
  close(pipes[1]);

  uint8_t name[32];
  CHECK(maglev_user_name(0, name, sizeof name) == 4 && memcmp(name, "root", 4) == 0);
  CHECK(maglev_user_name(0, name, 4) == 4);
  CHECK(maglev_user_name(0, name, 3) == -ERANGE);
  CHECK(maglev_user_name(4294967290u, name, sizeof name) == -ENOENT);
}

int main(void) {
  CHECK(maglev_shim_abi() == MAGLEV_SHIM_ABI);
  test_limits();
  test_count();
  test_users();
  test_hang_up();
  test_notify();
  test_descriptors();
  test_namespaces();
  test_looks();
  for (uint32_t family = 4; family <= 6; family += 2) {
    test_icmp(family, MAGLEV_ICMP_RAW);
    test_icmp(family, MAGLEV_ICMP_DATAGRAM);
  }
  test_overflow();
  printf("ok\n");
  return 0;
}
