/*
 * The bridge's side of its socket to the daemon: frames as on VPP's API socket (16 bytes of header,
 * of which only the big-endian length at byte 8 counts). See vac_bridge.c.
 */
#ifndef MAGLEV_VAC_SOCKET_H
#define MAGLEV_VAC_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#define VAC_SOCKET 0 /* the descriptor: the bridge's standard input */

/* Bytes of a frame header. */
#define VAC_HEADER 16

/* Message ids that VPP never assigns, for the bridge's own messages. symbols.ts has them. */
#define VAC_NOTICE 0xffff /* then a sentence: why the connection ended */
#define VAC_HELLO 0xfffe  /* then u32 client index, then u16 id for each requested name */

/* Longest message in either direction, from and to VPP. */
#define VAC_MAX_FROM_VPP (64u << 20)
#define VAC_MAX_TO_VPP (256u << 10)

/*
 * Sends one message without waiting; bytes that the daemon does not take immediately are kept, up
 * to a bound. Returns 0, or -1 when the bound is exceeded or the daemon has ended: no more is sent.
 */
int vac_send(const void *message, uint32_t length);

/* Sends what is kept as far as the daemon takes it. Nonzero while some is left. */
int vac_flush(void);

/* Readable when there is something for vac_flush(). */
int vac_flush_descriptor(void);

/* Sends a notice after all that is kept, waiting for the daemon for a moment at most. */
void vac_notice(const char *text);

/* The same from a signal handler, when nothing can be trusted. */
void vac_notice_crash(void);

/* Stops all sending. */
void vac_silence(void);

/*
 * Receives what is there. Calls `take` with each whole message, until it returns nonzero, which is
 * then the result; 0: needs more; -1: the daemon has ended; -2: it sent a message that is too long.
 */
int vac_receive(int (*take)(uint8_t *message, uint32_t length));

/* To be called once, first. 0, or -1. */
int vac_socket_start(void);

#endif
