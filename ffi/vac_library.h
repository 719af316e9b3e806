/* libvppapiclient, found and loaded at run time. See vac_bridge.c. */
#ifndef MAGLEV_VAC_LIBRARY_H
#define MAGLEV_VAC_LIBRARY_H

#include <stddef.h>

/* The result of vac_read after it discarded a message (vppapiclient.h: VAC_TIMEOUT). */
#define VAC_TIMEOUT (-5)

/* Its functions that are used; prototypes as in VPP's src/vpp-api/client/vppapiclient.h. */
struct vac_library {
  int (*connect)(char *name, char *chroot_prefix, void (*callback)(unsigned char *, int),
                 int rx_qlen);
  int (*disconnect)(void);
  int (*read)(char **message, int *length, unsigned short timeout);
  int (*write)(char *message, int length);
  void (*free)(void *message);
  int (*get_msg_index)(char *name_and_crc);
};

/*
 * Loads the library and prepares its memory. Returns 0, or -1 with one sentence in `error`:
 * the missing part and its package.
 */
int vac_library_load(struct vac_library *library, char *error, size_t error_size);

#endif
