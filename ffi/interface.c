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

/* Addresses of IPv4 that are looked at; more are not known. */
#define MOST_ADDRESSES 16384

/* Copies a name, without the label of a second address ("eth0:1"). */
static int32_t put_name(const char *from, uint8_t *name, uint32_t name_size) {
  size_t length = strcspn(from, ":");
  if (length == 0 || length >= IF_NAMESIZE || length > name_size) return -EINVAL;
  memcpy(name, from, length);
  return (int32_t)length;
}

/* The kernel's list of addresses of IPv4: `*count` entries to be freed. Minus an errno: no list. */
static int32_t list_addresses(int fd, struct ifreq **requests, int *count) {
  struct ifconf list = {.ifc_len = 0, .ifc_req = NULL};
  if (ioctl(fd, SIOCGIFCONF, &list) < 0) return -errno;
  /* Room for some that are added meanwhile. */
  size_t room = (size_t)list.ifc_len / sizeof **requests + 16;
  if (room > MOST_ADDRESSES) room = MOST_ADDRESSES;
  *requests = calloc(room, sizeof **requests);
  if (*requests == NULL) return -ENOMEM;
  list.ifc_len = (int)(room * sizeof **requests);
  list.ifc_req = *requests;
  if (ioctl(fd, SIOCGIFCONF, &list) < 0) {
    int32_t result = -errno;
    free(*requests);
    return result;
  }
  *count = list.ifc_len / (int)sizeof **requests;
  return 0;
}

/* getifaddrs() would need a netlink socket, which the daemon's unit does not allow. */
static int32_t interface_of4(const uint8_t *address, uint8_t *name, uint32_t name_size) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  struct ifreq *requests = NULL;
  int count = 0;
  int32_t result = list_addresses(fd, &requests, &count);
  close(fd);
  if (result < 0) return result;
  result = -ENODEV;
  for (int i = 0; i < count; i++) {
    struct sockaddr_in at;
    memcpy(&at, &requests[i].ifr_addr, sizeof at);
    if (memcmp(&at.sin_addr, address, sizeof at.sin_addr) != 0) continue;
    requests[i].ifr_name[IF_NAMESIZE - 1] = 0;
    result = put_name(requests[i].ifr_name, name, name_size);
    break;
  }
  free(requests);
  return result;
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

/* A line of names and one of values, which begin with the same word: the value of `wanted`. */
static int32_t value_of(const char *wanted, char *names, char *values, uint32_t *value) {
  char *next_name = NULL, *next_value = NULL;
  char *name = strtok_r(names, " \n", &next_name);
  char *text = strtok_r(values, " \n", &next_value);
  while (name != NULL && text != NULL) {
    if (strcmp(name, wanted) == 0) {
      *value = (uint32_t)strtoull(text, NULL, 10);
      return 0;
    }
    name = strtok_r(NULL, " \n", &next_name);
    text = strtok_r(NULL, " \n", &next_value);
  }
  return -ENOENT;
}

int32_t maglev_rp_drops(uint32_t *count, uint32_t count_size) {
  if (count_size < sizeof *count) return -EINVAL;
  FILE *file = fopen("/proc/thread-self/net/netstat", "re");
  if (file == NULL) return -errno;
  char *names = NULL, *values = NULL;
  size_t names_size = 0, values_size = 0;
  int32_t result = -ENOENT;
  while (result == -ENOENT && getline(&names, &names_size, file) > 0 &&
         getline(&values, &values_size, file) > 0) {
    result = value_of("IPReversePathFilter", names, values, count);
  }
  free(names);
  free(values);
  fclose(file);
  return result;
}
