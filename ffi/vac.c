/*
 * VPP's shared-memory API: starts the bridge (vac_bridge.c explains why it is a process) and carries
 * bytes to and from it. See shim.h.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BRIDGE "maglev_vac_bridge"

/* Maximum of bridges: the current one, and others that are still disconnecting from VPP. */
#define BRIDGES_MAX 16

static pthread_mutex_t bridges_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t bridges[BRIDGES_MAX];
static int bridges_count;

/* Reaps bridges that have ended, each by its own process id. */
static void reap_locked(void) {
  for (int i = bridges_count - 1; i >= 0; i--) {
    if (waitpid(bridges[i], NULL, WNOHANG) == 0) continue;
    bridges[i] = bridges[--bridges_count];
  }
}

static void reap(void) {
  pthread_mutex_lock(&bridges_lock);
  reap_locked();
  pthread_mutex_unlock(&bridges_lock);
}

/* The bridge is in the folder of this library. */
static int bridge_path(char *path, size_t size) {
  Dl_info info;
  if (dladdr((const void *)bridges, &info) == 0 || info.dli_fname == NULL) return -ENOENT;
  const char *slash = strrchr(info.dli_fname, '/');
  int folder = slash == NULL ? 0 : (int)(slash - info.dli_fname) + 1;
  int length = snprintf(path, size, "%.*s" BRIDGE, folder, info.dli_fname);
  return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

extern char **environ;

static int spawn(const char *path, int socket_fd, pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t signals;
  int error = posix_spawn_file_actions_init(&actions);
  if (error != 0) return error;
  error = posix_spawnattr_init(&attributes);
  if (error != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }
  sigemptyset(&signals);
  char name[] = BRIDGE;
  char *const arguments[] = {name, NULL};
  error = posix_spawn_file_actions_adddup2(&actions, socket_fd, STDIN_FILENO);
  if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &signals);
  if (error == 0) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  if (error == 0) error = posix_spawn(pid, path, &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

static int32_t start_bridge(int socket_fd) {
  char path[PATH_MAX];
  int error = bridge_path(path, sizeof path);
  if (error < 0) return error;
  pthread_mutex_lock(&bridges_lock);
  reap_locked();
  if (bridges_count == BRIDGES_MAX) error = -EAGAIN;
  else error = -spawn(path, socket_fd, &bridges[bridges_count]);
  if (error == 0) bridges_count++;
  pthread_mutex_unlock(&bridges_lock);
  return error;
}

int32_t maglev_vac_open(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
  int32_t error = start_bridge(pair[1]);
  close(pair[1]);
  if (error == 0) return maglev_own(pair[0]);
  close(pair[0]);
  return error;
}

int32_t maglev_vac_send(int32_t fd, const uint8_t *bytes, uint32_t bytes_size) {
  if (!maglev_is_own(fd)) return -EBADF;
  uint32_t size = bytes_size < INT32_MAX ? bytes_size : INT32_MAX;
  ssize_t sent = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : (int32_t)sent;
}

int32_t maglev_vac_receive(int32_t fd, uint8_t *bytes, uint32_t bytes_size) {
  if (!maglev_is_own(fd)) return -EBADF;
  uint32_t size = bytes_size < INT32_MAX ? bytes_size : INT32_MAX;
  ssize_t received = recv(fd, bytes, size, MSG_DONTWAIT);
  return received < 0 ? -errno : (int32_t)received;
}

int32_t maglev_vac_wait(int32_t fd, int32_t wake, uint32_t to_send, uint32_t timeout_ms) {
  struct pollfd fds[2] = {{.fd = wake, .events = POLLIN},
                          {.fd = fd, .events = (short)(to_send != 0 ? POLLIN | POLLOUT : POLLIN)}};
  int timeout = timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX;
  int count = poll(fds, 2, timeout);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  /* A quiet moment to reap the bridges that have ended. */
  if (count == 0) reap();
  return ((fds[1].revents & ~POLLOUT) != 0 ? 1 : 0) | ((fds[1].revents & POLLOUT) != 0 ? 2 : 0) |
         (fds[0].revents != 0 ? 4 : 0);
}
