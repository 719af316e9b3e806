/*
 * The bridge: one connection to VPP over shared memory, in a process of its own. The shim starts
 * it (vac.c), the daemon talks to it over a socket, and it hands on what passes: whole messages,
 * framed as on VPP's API socket.
 *
 * Why a process: libvppapiclient trusts the memory it shares with VPP. It maps it at an address
 * that VPP chose, over whatever lies there; follows pointers in it; takes locks in it that a VPP
 * that was killed never gives back; aborts the process when something is wrong; waits without a
 * deadline, or spins for two seconds; and keeps its state for one connection in globals. None of
 * this can be kept out of a daemon that loads it, and none of it matters here: whatever happens,
 * the daemon sees the end of a socket, and its next connection is a new process. And VPP blocks
 * for ever on a client that dies with a full queue, so the client must survive the daemon: however
 * the daemon ends, the bridge empties the queue and disconnects.
 *
 * Life: the daemon sends one frame of strings, each ended by a NUL: prefix of VPP's api-segment
 * (may be empty), client name, then names of messages (name_crc), control_ping's and its reply's
 * first. The answer is a HELLO, or a NOTICE with the reason. Then messages pass. When the
 * connection ends from VPP's side, a NOTICE has the reason. When the daemon closes the socket,
 * the bridge disconnects.
 *
 * Threads: main hands on to VPP (and may block there), `read_vpp` hands on from VPP (and never
 * blocks on the daemon, or VPP would block), `watch` ends the process when VPP is gone.
 */
#define _GNU_SOURCE
#include "vac_library.h"
#include "vac_output.h"
#include "vac_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Length of VPP's queue to the bridge. VPP allocates messages from a heap of 16 MiB. */
#define RX_QUEUE 1024

/* Contexts of the bridge's own pings: the first identifies VPP, the last ends the reading. */
#define FIRST_CONTEXT 0x76616331u
#define LAST_CONTEXT 0x76616332u

/* Time to connect; the library's own timeout is 10 s for a VPP that does not answer. */
#define CONNECT_MS 15000
/*
 * A VPP that stands still is waited for, so that it does not block on our queue afterwards; but not
 * by a system that shuts down (SIGTERM).
 */
#define GOODBYE_MS 600000
#define HASTY_GOODBYE_MS 2000
/* Interval of checking the segment: while connecting, and afterwards. */
#define LOOK_CONNECTING_MS 20
#define LOOK_MS 250

#define NAMES_MAX 512

static struct vac_library library;
static char segment[280];
static struct stat segment_status;
static uint8_t request[VAC_MAX_TO_VPP];
static uint32_t request_length;
static const char *names[NAMES_MAX];
static uint32_t names_count;
static uint16_t ping_id, pong_id;
static _Atomic int vpp_pid;
static _Atomic int pid_fd = -1;
static _Atomic int pid_is_known; /* without a pid_fd, the process can still be checked */
static volatile sig_atomic_t in_haste;
static _Atomic int connected;
static int woken = -1; /* wakes `watch` when pid_fd is set */

/* ---- Ends ---- */

static _Noreturn void finish(const char *reason) {
  vac_notice(reason);
  _exit(0);
}

static void crashed(int signal_number) {
  (void)signal_number;
  vac_notice_crash();
  _exit(1);
}

static void hasten(int signal_number) {
  (void)signal_number;
  in_haste = 1;
}

/* ---- Watching ---- */

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* VPP removes the segment when it starts, and makes a new one. */
static int segment_is_other(void) {
  struct stat status;
  if (stat(segment, &status) < 0) return 1;
  return status.st_ino != segment_status.st_ino || status.st_dev != segment_status.st_dev;
}

static void check_vpp(const struct pollfd *process) {
  int ended = process->fd >= 0 ? process->revents != 0
                               : pid_is_known && kill(vpp_pid, 0) < 0 && errno == ESRCH;
  if (ended) {
    char reason[64];
    (void)snprintf(reason, sizeof reason, "VPP (process %d) ended", vpp_pid);
    finish(reason);
  }
  if (segment_is_other()) finish("VPP was restarted");
}

static void *watch(void *unused) {
  (void)unused;
  int64_t begin_ms = now_ms();
  int daemon_is_there = 1;
  for (;;) {
    struct pollfd fds[3] = {{.fd = daemon_is_there ? VAC_SOCKET : -1, .events = POLLRDHUP},
                            {.fd = pid_fd, .events = POLLIN},
                            {.fd = woken, .events = POLLIN}};
    if (poll(fds, 3, connected ? LOOK_MS : LOOK_CONNECTING_MS) < 0 && errno != EINTR) _exit(1);
    uint64_t count;
    if (fds[2].revents != 0 && read(woken, &count, sizeof count) < 0) _exit(1);
    check_vpp(&fds[1]);
    if (daemon_is_there && fds[0].revents != 0) {
      daemon_is_there = 0;
      begin_ms = now_ms();
      vac_silence();
    }
    if (connected && daemon_is_there) continue;
    int64_t timeout_ms = connected ? GOODBYE_MS : CONNECT_MS;
    if (in_haste && !daemon_is_there) timeout_ms = HASTY_GOODBYE_MS;
    if (now_ms() - begin_ms > timeout_ms) finish("VPP does not answer");
  }
}

/* ---- Messages ---- */

static uint16_t get16(const uint8_t *bytes) { return (uint16_t)(bytes[0] << 8 | bytes[1]); }

static uint32_t get32(const uint8_t *bytes) {
  return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static void put16(uint8_t *bytes, uint16_t value) {
  bytes[0] = (uint8_t)(value >> 8);
  bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value) {
  put16(bytes, (uint16_t)(value >> 16));
  put16(bytes + 2, (uint16_t)value);
}

/* Blocks while VPP's queue is full. The library puts its client index into bytes 2 to 5. */
static int to_vpp(uint8_t *message, uint32_t length) {
  if (length < 6) finish("the daemon sent a message that is too short");
  if (library.write((char *)message, (int)length) != 0) finish("cannot write to VPP's queue");
  return 0;
}

static void ping(uint32_t context) {
  uint8_t message[10] = {0};
  put16(message, ping_id);
  put32(message + 6, context);
  (void)to_vpp(message, sizeof message);
}

/* Next message of VPP, to be given back with library.free(). */
static uint8_t *from_vpp(uint32_t *length) {
  for (;;) {
    char *message = NULL;
    int size = 0;
    int result = library.read(&message, &size, 0);
    if (result == VAC_TIMEOUT) continue;
    if (result != 0 || message == NULL) finish("cannot read from VPP's queue");
    if (size < 6 || (uint32_t)size > VAC_MAX_FROM_VPP) {
      finish("VPP sent a message of impossible length");
    }
    *length = (uint32_t)size;
    return (uint8_t *)message;
  }
}

static int is_pong(const uint8_t *message, uint32_t length, uint32_t context) {
  return length == 18 && get16(message) == pong_id && get32(message + 2) == context;
}

static void *read_vpp(void *unused) {
  (void)unused;
  for (int last = 0; !last;) {
    uint32_t length;
    uint8_t *message = from_vpp(&length);
    last = is_pong(message, length, LAST_CONTEXT);
    /* The messages of a daemon that does not read are dropped: VPP must not wait for it. */
    if (!last) (void)vac_send(message, length);
    library.free(message);
  }
  return NULL;
}

/* ---- Connecting ---- */

static int take_request(uint8_t *message, uint32_t length) {
  memcpy(request, message, length);
  request_length = length;
  return 1;
}

static const char *next_string(uint32_t *at) {
  const char *start = (const char *)request + *at;
  const void *end = memchr(start, 0, request_length - *at);
  if (end == NULL) finish("the daemon sent no request");
  *at += (uint32_t)((const char *)end - start) + 1;
  return start;
}

/* Prefix and client name; the names of messages are in `names`. */
static void read_request(const char **prefix, const char **client) {
  struct pollfd daemon = {.fd = VAC_SOCKET, .events = POLLIN};
  int result = 0;
  while (result == 0) {
    if (poll(&daemon, 1, CONNECT_MS) <= 0) _exit(1);
    result = vac_receive(take_request);
  }
  if (result < 0) _exit(1);
  uint32_t at = 0;
  *prefix = next_string(&at);
  *client = next_string(&at);
  while (at < request_length && names_count < NAMES_MAX) names[names_count++] = next_string(&at);
  if (names_count < 2 || at < request_length) finish("the daemon sent no request");
}

static void find_segment(const char *prefix) {
  char reason[640];
  (void)snprintf(segment, sizeof segment, "/dev/shm/%s%svpe-api", prefix,
                 prefix[0] == '\0' ? "" : "-");
  int fd = open(segment, O_RDWR | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &segment_status) == 0) {
    close(fd);
    return;
  }
  if (errno == ENOENT) {
    (void)snprintf(reason, sizeof reason,
                   "cannot find %s: VPP does not run, or its `api-segment` has another prefix",
                   segment);
  } else {
    (void)snprintf(reason, sizeof reason,
                   "cannot open %s: %s; `api-segment { gid }` of VPP grants access", segment,
                   strerror(errno));
  }
  finish(reason);
}

static uint16_t id_of(const char *name) {
  int id = library.get_msg_index((char *)(uintptr_t)name);
  return id < 0 || id >= VAC_HELLO ? 0xffff : (uint16_t)id;
}

/* A VPP in another process namespace cannot be watched; a silent one is noticed anyway. */
static void watch_process(void) {
  if (vpp_pid <= 0) return;
  pid_is_known = kill(vpp_pid, 0) == 0 || errno == EPERM;
  if (pid_is_known) pid_fd = (int)syscall(SYS_pidfd_open, vpp_pid, 0);
}

/* Asks VPP who it is; its client index for us is what the library uses by itself. */
static uint32_t greet(void) {
  ping_id = id_of(names[0]);
  pong_id = id_of(names[1]);
  if (ping_id == 0xffff || pong_id == 0xffff) finish("VPP has no control_ping");
  ping(FIRST_CONTEXT);
  for (;;) {
    uint32_t length;
    uint8_t *message = from_vpp(&length);
    int found = is_pong(message, length, FIRST_CONTEXT);
    uint32_t index = found ? get32(message + 10) : 0;
    if (found) vpp_pid = (int)get32(message + 14);
    library.free(message);
    if (!found) continue;
    watch_process();
    return index;
  }
}

static void connect_vpp(const char *prefix, const char *client) {
  char *root = prefix[0] == '\0' ? NULL : strdup(prefix);
  int result = library.connect((char *)(uintptr_t)client, root, NULL, RX_QUEUE);
  if (result != 0) {
    char reason[512];
    (void)snprintf(reason, sizeof reason, "vac_connect gives %d%s", result, vac_output_last());
    finish(reason);
  }
  uint32_t index = greet();
  static uint8_t hello[6 + 2 * NAMES_MAX];
  put16(hello, VAC_HELLO);
  put32(hello + 2, index);
  for (uint32_t i = 0; i < names_count; i++) put16(hello + 6 + 2 * i, id_of(names[i]));
  connected = 1;
  (void)vac_send(hello, 6 + 2 * names_count);
  const uint64_t one = 1;
  if (write(woken, &one, sizeof one) < 0) _exit(1);
}

/* ---- The process ---- */

/* Keeps only the socket to the daemon; its other descriptors are closed. */
static void settle(void) {
  (void)syscall(SYS_close_range, 3u, ~0u, 0u);
  const int ignored[] = {SIGHUP, SIGPIPE, SIGQUIT};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
  /* They are meant for the daemon, whose end is what ends the bridge. */
  signal(SIGINT, hasten);
  signal(SIGTERM, hasten);
  const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], crashed);
  const struct rlimit none = {0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_NAME, "maglev_vac");
  woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (woken < 0 || vac_socket_start() < 0 || vac_output_keep() < 0) _exit(1);
}

static void serve(void) {
  int left = 0;
  for (;;) {
    struct pollfd fds[2] = {
        {.fd = VAC_SOCKET, .events = (short)(POLLIN | (left ? POLLOUT : 0))},
        {.fd = vac_flush_descriptor(), .events = POLLIN}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0 || (fds[0].revents & POLLOUT) != 0) left = vac_flush();
    if ((fds[0].revents & ~POLLOUT) == 0) continue;
    int result = vac_receive(to_vpp);
    if (result == -2) vac_notice("the message is too long for VPP's shared memory");
    if (result < 0) return;
  }
}

/* Reads VPP's pending messages, then disconnects. `watch` ends a disconnect that takes too long. */
static void take_leave(pthread_t reader) {
  vac_silence();
  ping(LAST_CONTEXT);
  pthread_join(reader, NULL);
  library.disconnect();
}

int main(void) {
  settle();
  const char *prefix;
  const char *client;
  read_request(&prefix, &client);
  char error[1024];
  if (vac_library_load(&library, error, sizeof error) < 0) finish(error);
  if (chdir("/") < 0) _exit(1);
  find_segment(prefix);
  pthread_t watcher;
  pthread_t reader;
  if (pthread_create(&watcher, NULL, watch, NULL) != 0) finish("cannot start a thread");
  connect_vpp(prefix, client);
  if (vac_output_drop() < 0) _exit(1);
  if (pthread_create(&reader, NULL, read_vpp, NULL) != 0) finish("cannot start a thread");
  serve();
  take_leave(reader);
  _exit(0);
}
