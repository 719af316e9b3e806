/*
 * The shim: system calls of Linux that the daemon needs and TypeScript cannot make. No logic: each
 * function is one system call, or one loop over one, on buffers that the caller owns.
 *
 * Rules for additions:
 * - Buffers and numbers only; no callback, no pointer in either direction, so that --allow-ffi
 *   with this file's path is enough. A buffer comes with its size, and is never kept.
 * - A function that is called `nonblocking` (it runs in another thread) takes no buffer: the
 *   memory of a worker that is terminated meanwhile is freed under it.
 * - Every function returns >= 0, or minus an errno.
 * - Numbers in buffers are in the machine's own byte order, addresses in the network's.
 * - A change that is visible to callers changes MAGLEV_SHIM_ABI, and the entry of symbols.ts.
 *
 * Descriptors belong to the thread that opened them: only that thread can use or close them, and
 * its end closes what it left open. So workers cannot break each other's descriptors, and a
 * dead one leaves none open.
 */
#ifndef MAGLEV_SHIM_H
#define MAGLEV_SHIM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define MAGLEV_SHIM_ABI 9

#define MAGLEV_EXPORT __attribute__((visibility("default")))

/* The version of this interface: must be what symbols.ts was written for. */
MAGLEV_EXPORT uint32_t maglev_shim_abi(void);

/*
 * Raises the soft limit on file descriptors to `wanted`, and the hard one where that is allowed
 * (CAP_SYS_RESOURCE) and needed. limits[0], limits[1]: the soft and hard limit then in force. Not
 * reaching `wanted` is not an error.
 */
MAGLEV_EXPORT int32_t maglev_nofile_raise(uint32_t wanted, double *limits, uint32_t limits_size);

/*
 * How many file descriptors the process has, from /proc/self/fd: Deno reads nothing of /proc without
 * all permissions. Takes microseconds for hundreds, milliseconds for ten thousand.
 */
MAGLEV_EXPORT int32_t maglev_nofile_count(void);

/*
 * Lets SIGHUP through to the calling thread. The launcher starts maglevd with it blocked, because
 * Deno's own handler would end the process for a moment before it has a listener.
 */
MAGLEV_EXPORT int32_t maglev_hang_up_unblock(void);

/*
 * Sends `text` (without an end mark) to the service manager at $NOTIFY_SOCKET, without waiting:
 * sd_notify(3). A leading @ of the variable means an abstract socket. Returns 1 when it was sent, 0
 * without that variable, -EAGAIN while the service manager has a full queue.
 */
MAGLEV_EXPORT int32_t maglev_notify(const uint8_t *text, uint32_t text_size);

/*
 * Moves the calling thread into the network namespace at `path` (NUL-terminated).
 * identity[0], identity[1]: device and inode of the namespace that was entered.
 */
MAGLEV_EXPORT int32_t maglev_netns_enter(const uint8_t *path, uint32_t path_size,
                                         uint64_t *identity, uint32_t identity_size);

/* Device and inode of what is at `path` now. */
MAGLEV_EXPORT int32_t maglev_netns_identity(const uint8_t *path, uint32_t path_size,
                                            uint64_t *identity, uint32_t identity_size);

/* The index of a network interface in the calling thread's namespace. */
MAGLEV_EXPORT int32_t maglev_interface_index(const uint8_t *name, uint32_t name_size);

/*
 * Connects a datagram socket to `destination` (4 or 16 bytes; `scope`: the interface of a
 * link-local one), which sends nothing, from `source` unless its size is 0. 0: this thread's
 * namespace has a route. -EADDRNOTAVAIL: it has no address of the family, or not the source.
 * Otherwise minus the errno of the route.
 */
MAGLEV_EXPORT int32_t maglev_route_check(const uint8_t *destination, uint32_t destination_size,
                                         const uint8_t *source, uint32_t source_size,
                                         uint32_t scope);

/* Arguments of maglev_netns_look(). */
#define MAGLEV_LOOK_ENTER 0
#define MAGLEV_LOOK_PORT_RANGE 1
#define MAGLEV_LOOK_RESERVED_PORTS 2
#define MAGLEV_LOOK_TW_REUSE 3
#define MAGLEV_LOOK_ICMP4 4
#define MAGLEV_LOOK_ICMP6 5
#define MAGLEV_LOOK_RAW 6

/*
 * Looks at the network namespace at `path` (NUL-terminated; empty: the caller's own) from a thread
 * that enters it and ends, so that the caller stays where it is. ENTER: can it be entered?
 * ICMP4, ICMP6: can an ICMP socket be opened in it? RAW: one of maglev_packet_open()? The others are files of /proc/sys/net/ipv4,
 * copied to `text`: their length is returned. -E2BIG: longer than that.
 */
MAGLEV_EXPORT int32_t maglev_netns_look(const uint8_t *path, uint32_t path_size, uint32_t what,
                                        uint8_t *text, uint32_t text_size);

/*
 * The process that connected a unix socket, at either end of it: about[0] its user, about[1] its
 * pid, as the kernel noted them then. `fd` may be any thread's; nothing is done to it. -ENOENT for
 * a socket of another kind.
 */
MAGLEV_EXPORT int32_t maglev_peer_user(int32_t fd, uint32_t *about, uint32_t about_size);

/*
 * The name that /etc/passwd has for a user, without an end mark: its length is returned, -ENOENT
 * without an entry. Other sources of names (NSS) are not used: they may block for long.
 */
MAGLEV_EXPORT int32_t maglev_user_name(uint32_t uid, uint8_t *name, uint32_t name_size);

/* An eventfd that ends maglev_icmp_wait(). */
MAGLEV_EXPORT int32_t maglev_wake_open(void);
MAGLEV_EXPORT int32_t maglev_wake(int32_t wake);

/* Makes it ready for the next maglev_wake(). */
MAGLEV_EXPORT int32_t maglev_wake_clear(int32_t wake);

/* Closes a descriptor that this thread opened; -EBADF for any other. */
MAGLEV_EXPORT int32_t maglev_close(int32_t fd);

/* Kinds of ICMP sockets. */
#define MAGLEV_ICMP_RAW 1
#define MAGLEV_ICMP_DATAGRAM 2

/* One echo request to send. */
struct maglev_icmp_send {
  double sent_ms;          /* out: CLOCK_MONOTONIC just before it was sent */
  int32_t status;          /* out: 0 or minus an errno */
  uint32_t scope;          /* interface of a link-local destination, else 0 */
  uint8_t destination[16]; /* IPv4: the first 4 bytes */
  uint8_t source[16];      /* used when has_source is not 0 */
  uint32_t has_source;
  uint32_t length; /* of packet */
  uint8_t packet[40];
};
static_assert(sizeof(struct maglev_icmp_send) == 96, "symbols.ts has this size");

/* Kinds of received records. */
#define MAGLEV_ICMP_MESSAGE 0 /* an ICMP message, from its header on, sent by `address` */
#define MAGLEV_ICMP_QUOTED 1  /* our own request, sent to `address`, that met an error */

/* One received message. */
struct maglev_icmp_received {
  double received_ms; /* CLOCK_MONOTONIC when it reached this machine */
  uint32_t kind;
  uint32_t scope;
  uint8_t address[16]; /* IPv4: the first 4 bytes */
  uint8_t error_type;  /* QUOTED: ICMP type and code of the error */
  uint8_t error_code;
  uint8_t local; /* QUOTED: this host itself found the error, which is error_errno */
  uint8_t unused;
  uint32_t error_errno;
  uint32_t length; /* of packet, cut to its size */
  uint8_t packet[100];
};
static_assert(sizeof(struct maglev_icmp_received) == 144, "symbols.ts has this size");

/*
 * Opens an ICMP socket for echo requests of `family` (4 or 6): a raw one, or, where that is not
 * permitted, an unprivileged one (net.ipv4.ping_group_range). `allow`: bits of kinds to try.
 * Returns the descriptor. about[0]: its kind. about[1]: the identifier to use, which is `id` but
 * for a datagram socket, whose identifier the kernel chooses. The socket sees nothing but answers
 * to, and errors about, requests with that identifier.
 */
MAGLEV_EXPORT int32_t maglev_icmp_open(uint32_t family, uint32_t allow, uint32_t id,
                                       uint32_t *about, uint32_t about_size);

/* Sends all records, each with its own status. Returns how many were sent. */
MAGLEV_EXPORT int32_t maglev_icmp_send(int32_t fd, uint32_t family, uint8_t *records,
                                       uint32_t records_size);

/*
 * Receives what is there, without waiting. Returns the number of records filled; fewer than there
 * is room for means that no more was there. about[0]: 1 when the receive queue was found full, so
 * that answers may have been lost.
 */
MAGLEV_EXPORT int32_t maglev_icmp_receive(int32_t fd, uint32_t family, uint8_t *records,
                                          uint32_t records_size, uint32_t *about,
                                          uint32_t about_size);

/*
 * To be called nonblocking: waits until there is something to receive on `a` or `b` (negative:
 * none) and then `linger_us` longer, to collect more; at most `timeout_ms`, or until maglev_wake().
 * Returns bits: 1 a, 2 b, 4 wake.
 */
MAGLEV_EXPORT int32_t maglev_icmp_wait(int32_t a, int32_t b, int32_t wake, uint32_t timeout_ms,
                                       uint32_t linger_us);

/* ---- Packets with headers of our own (packet.c) ---- */

/* One IP packet to send, to the destination in its header. */
struct maglev_packet {
  double sent_ms; /* out: CLOCK_MONOTONIC just before it was sent */
  int32_t status; /* out: 0 or minus an errno */
  uint32_t length; /* of packet */
  uint8_t packet[128];
};
static_assert(sizeof(struct maglev_packet) == 144, "src/probe/encap/records.ts has this size");

/* A raw socket that sends packets of `family` (4 or 6) as they are, and receives nothing. */
MAGLEV_EXPORT int32_t maglev_packet_open(uint32_t family);

/*
 * Sends all records, each with its own status, by the socket of its family (negative: without one
 * the status is -EBADF). In a header of IPv4 the kernel fills in an id of 0. Returns how many were
 * sent.
 */
MAGLEV_EXPORT int32_t maglev_packet_send(int32_t fd4, int32_t fd6, uint8_t *records,
                                         uint32_t records_size);

/*
 * The address of this host from which it would send to `destination` (4 or 16 bytes), in `source`,
 * which has the same size. Minus the errno of the route without one.
 */
MAGLEV_EXPORT int32_t maglev_route_source(const uint8_t *destination, uint32_t destination_size,
                                          uint8_t *source, uint32_t source_size);

/*
 * The sockets for connection attempts of `family` that leave as packets with headers of our own. The
 * raw socket that is returned gets the answers, for maglev_icmp_receive(), as TCP segments.
 * about[0]: a bound, unconnected socket, to be closed after it; about[1]: its port, from which the
 * attempts come.
 */
MAGLEV_EXPORT int32_t maglev_syn_open(uint32_t family, uint32_t *about, uint32_t about_size);

/*
 * The name of the interface that has `address` (4 or 16 bytes), without an end mark: its length is
 * returned. -ENODEV: none has it.
 */
MAGLEV_EXPORT int32_t maglev_interface_of(const uint8_t *address, uint32_t address_size,
                                          uint8_t *name, uint32_t name_size);

/*
 * The reverse path filter of an interface: 0 off, 1 strict, 2 loose; the greater of its own and that
 * of all, as the kernel takes it.
 */
MAGLEV_EXPORT int32_t maglev_rp_filter(const uint8_t *name, uint32_t name_size);

/*
 * Packets of IPv4 that the reverse path filters of the thread's namespace have dropped, modulo 2^32.
 * Returns 0, or minus an errno: -ENOENT where the kernel does not count them.
 */
MAGLEV_EXPORT int32_t maglev_rp_drops(uint32_t *count, uint32_t count_size);

/* ---- UDP (udp.c) ---- */

/* Bytes of an answer that are handed on. */
#define MAGLEV_UDP_PACKET 1472

/* One datagram to send from a socket of its own. */
struct maglev_udp_start {
  double sent_ms; /* out: CLOCK_MONOTONIC just before it was sent */
  int32_t fd;     /* out: the socket, or minus an errno */
  uint32_t step;  /* out: the call that failed, MAGLEV_UDP_... */
  uint32_t family; /* 4 or 6 */
  uint32_t scope;  /* interface of a link-local destination, else 0 */
  uint32_t port;
  uint32_t has_source;
  uint8_t destination[16]; /* IPv4: the first 4 bytes */
  uint8_t source[16];      /* used when has_source is not 0 */
  uint32_t offset;         /* of the datagram in `payloads` */
  uint32_t length;
};
static_assert(sizeof(struct maglev_udp_start) == 72, "symbols.ts has this size");

#define MAGLEV_UDP_SOCKET 1
#define MAGLEV_UDP_BIND 2
#define MAGLEV_UDP_CONNECT 3
#define MAGLEV_UDP_SEND 4

/* One answer, or one error. */
struct maglev_udp_received {
  double received_ms; /* CLOCK_MONOTONIC when it reached this machine */
  int32_t fd;
  int32_t status;     /* 0: an answer; minus an errno: the datagram met this error */
  uint8_t error_type; /* of an error that is not local: ICMP type and code, 0 when unknown */
  uint8_t error_code;
  uint8_t local; /* this host itself found the error */
  uint8_t unused;
  uint32_t length; /* of the answer; `packet` has its first bytes */
  uint8_t packet[MAGLEV_UDP_PACKET];
};
static_assert(sizeof(struct maglev_udp_received) == 1496, "symbols.ts has this size");

/*
 * Opens the thread's set of UDP sockets, which is one descriptor for maglev_icmp_wait(). -EEXIST:
 * the thread has one.
 */
MAGLEV_EXPORT int32_t maglev_udp_open(void);

/*
 * Opens a socket for each record, connected to its destination, so that only its answers and errors
 * arrive, and sends its datagram. Each record gets its own result. Returns how many were sent.
 */
MAGLEV_EXPORT int32_t maglev_udp_start(int32_t set, uint8_t *records, uint32_t records_size,
                                       const uint8_t *payloads, uint32_t payloads_size);

/*
 * Receives without waiting, one answer or error from each socket that has some. Returns the number
 * of records filled; fewer than there is room for means that no more was there.
 */
MAGLEV_EXPORT int32_t maglev_udp_receive(int32_t set, uint8_t *records, uint32_t records_size);

/* Closes one of the set's sockets; -EBADF for any other descriptor. */
MAGLEV_EXPORT int32_t maglev_udp_end(int32_t set, int32_t fd);

/* Closes the set and its sockets. */
MAGLEV_EXPORT int32_t maglev_udp_close(int32_t set);

/* ---- VPP's stats segment (stats.c) ---- */

/* Bytes of the segment's header and of an entry of its directory, as VPP lays them out. */
#define MAGLEV_STATS_HEADER 40
#define MAGLEV_STATS_ENTRY 144

/* Elements of one counter vector to be read: a vector for each thread, of which sums are made. */
struct maglev_stats_vector {
  uint32_t entry; /* its index in the directory */
  uint32_t width; /* u64s of an element: 1, or 2 (packets and bytes) */
  uint32_t first; /* which of `indices` are its elements */
  uint32_t count;
  uint8_t found[MAGLEV_STATS_ENTRY]; /* out: the entry that was found, to compare its name */
};
static_assert(sizeof(struct maglev_stats_vector) == 160, "symbols.ts has this size");

/*
 * Connects to VPP's stats socket at `path` (NUL-terminated), without waiting: -EAGAIN when it has
 * no time to accept. Returns the socket.
 */
MAGLEV_EXPORT int32_t maglev_stats_connect(const uint8_t *path, uint32_t path_size);

/*
 * The segment that VPP sends over the socket, without waiting: its descriptor, -EAGAIN when
 * nothing has come yet, -EPIPE when the socket ended without it, -EMEDIUMTYPE when what came is
 * not shared memory.
 */
MAGLEV_EXPORT int32_t maglev_stats_receive(int32_t socket);

/*
 * Copies the header, and as many entries of the directory as there is room for; how many there are
 * is returned. -EAGAIN: the segment was being rearranged. -EPROTO: it has another version. (The
 * header is filled in all the same.) -EFAULT: it ends before its content, by its own lengths.
 */
MAGLEV_EXPORT int32_t maglev_stats_directory(int32_t segment, uint8_t *header,
                                             uint32_t header_size, uint8_t *entries,
                                             uint32_t entries_size);

/*
 * Reads the elements of all `vectors` (maglev_stats_vector), one vector after the other, as sums
 * over threads, NaN where a thread has no such element. Each vector's indices must ascend. 0, or
 * -EAGAIN, -EPROTO and -EFAULT as above, or -ENOENT: no such entry, or -E2BIG: it would take too
 * long. The values are of no use then.
 */
MAGLEV_EXPORT int32_t maglev_stats_read(int32_t segment, uint8_t *vectors, uint32_t vectors_size,
                                        const uint32_t *indices, uint32_t indices_size,
                                        double *values, uint32_t values_size);

/* Size of a received segment in KiB, the last of them counted in full. */
MAGLEV_EXPORT int32_t maglev_stats_size(int32_t segment);

/* For the simulator: shared memory, and a socket that passes it to each client. */
MAGLEV_EXPORT int32_t maglev_stats_create(uint32_t size);
MAGLEV_EXPORT int32_t maglev_stats_resize(int32_t memory, uint32_t size);
MAGLEV_EXPORT int32_t maglev_stats_write(int32_t memory, uint32_t offset, const uint8_t *bytes,
                                         uint32_t bytes_size);
MAGLEV_EXPORT int32_t maglev_stats_listen(const uint8_t *path, uint32_t path_size);

/* Serves one waiting client, or returns -EAGAIN. */
MAGLEV_EXPORT int32_t maglev_stats_offer(int32_t listener, int32_t memory);
/*
 * VPP's API over shared memory (libvppapiclient). Starts the bridge, a program next to this library
 * that talks to VPP, and returns a socket to it; vac_bridge.c describes its messages.
 * -ENOENT: no such program; -EAGAIN: too many earlier ones are still disconnecting from VPP.
 */
MAGLEV_EXPORT int32_t maglev_vac_open(void);

/* Both without waiting. How many bytes were sent, or received (0: the bridge ended), or -EAGAIN. */
MAGLEV_EXPORT int32_t maglev_vac_send(int32_t fd, const uint8_t *bytes, uint32_t bytes_size);
MAGLEV_EXPORT int32_t maglev_vac_receive(int32_t fd, uint8_t *bytes, uint32_t bytes_size);

/*
 * To be called nonblocking: waits until there is something to receive or, with `to_send` not 0,
 * room to send; at most `timeout_ms`, or until maglev_wake(). Returns bits: 1 receive, 2 send,
 * 4 wake.
 */
MAGLEV_EXPORT int32_t maglev_vac_wait(int32_t fd, int32_t wake, uint32_t to_send,
                                      uint32_t timeout_ms);

/* Inside the shim: descriptors of the calling thread. own() closes `fd` when it fails. */
int32_t maglev_own(int fd);
int maglev_is_own(int fd);

#endif
