/* The user at the other end of a unix socket. See shim.h. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

int32_t maglev_peer_user(int32_t fd, uint32_t *about, uint32_t about_size) {
  if (about_size < 2 * sizeof *about) return -EINVAL;
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return -errno;
  /* A socket that is not a unix socket has no such user. */
  if (size != sizeof peer || peer.uid == (uid_t)-1) return -ENOENT;
  about[0] = (uint32_t)peer.uid;
  about[1] = (uint32_t)peer.pid;
  return 0;
}

/* The name of a line of passwd(5) when it is that of `uid`, cut off there; else NULL. */
static const char *name_of(char *line, uint32_t uid) {
  char *password = strchr(line, ':');
  if (password == NULL || password == line) return NULL;
  char *id = strchr(password + 1, ':');
  if (id == NULL) return NULL;
  char *end;
  errno = 0;
  unsigned long found = strtoul(id + 1, &end, 10);
  if (errno != 0 || end == id + 1 || *end != ':' || found != uid) return NULL;
  *password = 0;
  return line;
}

int32_t maglev_user_name(uint32_t uid, uint8_t *name, uint32_t name_size) {
  FILE *file = fopen("/etc/passwd", "re");
  if (file == NULL) return -errno;
  char *line = NULL;
  size_t room = 0;
  int32_t result = -ENOENT;
  while (result == -ENOENT && getline(&line, &room, file) >= 0) {
    const char *found = name_of(line, uid);
    if (found == NULL) continue;
    size_t length = strlen(found);
    if (length > name_size) {
      result = -ERANGE;
    } else {
      memcpy(name, found, length);
      result = (int32_t)length;
    }
  }
  free(line);
  fclose(file);
  return result;
}
