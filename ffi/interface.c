/* Network interfaces: the one that has an address, and its reverse path filter. See shim.h. */
#define _GNU_SOURCE
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Addresses of IPv4 that are looked at. */
#define MOST_ADDRESSES 256

/* Copies a name, without the label of a second address ("eth0:1"). */
static int32_t put_name(const char *from, uint8_t *name, uint32_t name_size) {
  size_t length = strcspn(from, ":");
  if (length == 0 || length >= IF_NAMESIZE || length > name_size) return -EINVAL;
  memcpy(name, from, length);
  return (int32_t)length;
}

/* getifaddrs() would need a netlink socket, which the daemon's unit does not allow. */
static int32_t interface_of4(const uint8_t *address, uint8_t *name, uint32_t name_size) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  struct ifreq requests[MOST_ADDRESSES];
  memset(requests, 0, sizeof requests);
  struct ifconf list = {.ifc_len = sizeof requests, .ifc_req = requests};
  int32_t result = ioctl(fd, SIOCGIFCONF, &list) < 0 ? -errno : -ENODEV;
  close(fd);
  if (result != -ENODEV) return result;
  int count = list.ifc_len / (int)sizeof *requests;
  for (int i = 0; i < count && i < MOST_ADDRESSES; i++) {
    struct sockaddr_in at;
    memcpy(&at, &requests[i].ifr_addr, sizeof at);
    if (memcmp(&at.sin_addr, address, sizeof at.sin_addr) != 0) continue;
    requests[i].ifr_name[IF_NAMESIZE - 1] = 0;
    return put_name(requests[i].ifr_name, name, name_size);
  }
  return -ENODEV;
}

/* A line of the file: the address in 32 digits, four numbers, and the name. */
static int32_t interface_of6(const uint8_t *address, uint8_t *name, uint32_t name_size) {
  FILE *file = fopen("/proc/thread-self/net/if_inet6", "re");
  if (file == NULL) return -errno;
  char wanted[33];
  for (int i = 0; i < 16; i++) snprintf(wanted + 2 * i, 3, "%02x", (unsigned)address[i]);
  char digits[33], found[IF_NAMESIZE + 1];
  int32_t result = -ENODEV;
  while (fscanf(file, "%32s %*x %*x %*x %*x %16s", digits, found) == 2) {
    if (strcmp(digits, wanted) != 0) continue;
    result = put_name(found, name, name_size);
    break;
  }
  fclose(file);
  return result;
}

int32_t maglev_interface_of(const uint8_t *address, uint32_t address_size, uint8_t *name,
                            uint32_t name_size) {
  if (address_size == 4) return interface_of4(address, name, name_size);
  if (address_size == 16) return interface_of6(address, name, name_size);
  return -EINVAL;
}

static int32_t read_filter(const char *name) {
  char path[80];
  int length = snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
  if (length < 0 || (size_t)length >= sizeof path) return -EINVAL;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  char digit = 0;
  ssize_t count = read(fd, &digit, 1);
  int32_t result = count < 0 ? -errno : count == 1 && digit >= '0' && digit <= '9' ? digit - '0' : 0;
  close(fd);
  return result;
}

int32_t maglev_rp_filter(const uint8_t *name, uint32_t name_size) {
  char text[IF_NAMESIZE];
  if (name_size == 0 || name_size >= sizeof text) return -EINVAL;
  memcpy(text, name, name_size);
  text[name_size] = 0;
  if (strchr(text, '/') != NULL || strlen(text) != name_size) return -EINVAL;
  int32_t own = read_filter(text);
  int32_t all = read_filter("all");
  if (own < 0 || all < 0) return own < 0 ? own : all;
  return own > all ? own : all;
}
