/*
 * Fault injection for one process, by LD_PRELOAD: calls on sockets of IPv4 and IPv6 fail with an
 * errno of the test's choice. The file that MAGLEV_TEST_FAULT names holds `CALL ERRNO`, such as
 * `socket 24`, and is read again at each call; without it, or empty, nothing fails.
 *
 * connect() and bind() fail for stream sockets only: the prober looks for a route with others.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int fault_of(const char *call) {
  const char *path = getenv("MAGLEV_TEST_FAULT");
  if (path == NULL) return 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[64] = {0};
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  char name[32];
  int error;
  if (count <= 0 || sscanf(text, "%31s %d", name, &error) != 2) return 0;
  return strcmp(name, call) == 0 ? error : 0;
}

static int is_inet(int domain) { return domain == AF_INET || domain == AF_INET6; }

/* The type of an IPv4 or IPv6 socket, 0 for anything else. */
static int inet_type(int fd) {
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || !is_inet(domain)) return 0;
  size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ? 0 : type;
}

static int fails(int error) {
  if (error != 0) errno = error;
  return error != 0;
}

int socket(int domain, int type, int protocol) {
  int (*real)(int, int, int) = dlsym(RTLD_NEXT, "socket");
  if (is_inet(domain) && fails(fault_of("socket"))) return -1;
  return real(domain, type, protocol);
}

int bind(int fd, const struct sockaddr *address, socklen_t size) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
  if (inet_type(fd) == SOCK_STREAM && fails(fault_of("bind"))) return -1;
  return real(fd, address, size);
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
  if (inet_type(fd) == SOCK_STREAM && fails(fault_of("connect"))) return -1;
  return real(fd, address, size);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags) {
  ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
  if (inet_type(fd) != 0 && fails(fault_of("send"))) return -1;
  return real(fd, bytes, count, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  int (*real)(int, struct mmsghdr *, unsigned, int) = dlsym(RTLD_NEXT, "sendmmsg");
  if (inet_type(fd) != 0 && fails(fault_of("send"))) return -1;
  return real(fd, messages, count, flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  int (*real)(int, int, int, struct epoll_event *) = dlsym(RTLD_NEXT, "epoll_ctl");
  if (operation == EPOLL_CTL_ADD && inet_type(fd) != 0 && fails(fault_of("epoll_ctl"))) return -1;
  return real(epoll, operation, fd, event);
}
