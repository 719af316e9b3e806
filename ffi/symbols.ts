/**
 * The one table of the shim's functions, each with its C prototype (described in shim.h).
 * Buffers and numbers only: with `--allow-ffi=<path of the shim>` nothing else can be called.
 */

/** Version of the interface that this table was written for; MAGLEV_SHIM_ABI of shim.h. */
export const SHIM_ABI = 9;

/** Kinds of ICMP sockets, as bits of maglev_icmp_open's `allow`. */
/** Arguments of maglev_netns_look(): MAGLEV_LOOK_… of shim.h. */
export const LOOK = {
  enter: 0,
  portRange: 1,
  reservedPorts: 2,
  twReuse: 3,
  icmp4: 4,
  icmp6: 5,
  raw: 6,
} as const;

export const ICMP_RAW = 1;
export const ICMP_DATAGRAM = 2;

/** Message ids that VPP never assigns, for the bridge's own messages; VAC_… of vac_socket.h. */
export const VAC_NOTICE = 0xffff;
export const VAC_HELLO = 0xfffe;

export const SYMBOLS = {
  // uint32_t maglev_shim_abi(void)
  maglev_shim_abi: { parameters: [], result: "u32" },

  // int32_t maglev_nofile_raise(uint32_t wanted, double *limits, uint32_t limits_size)
  maglev_nofile_raise: { parameters: ["u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_nofile_count(void)
  maglev_nofile_count: { parameters: [], result: "i32", nonblocking: true },

  // int32_t maglev_hang_up_unblock(void)
  maglev_hang_up_unblock: { parameters: [], result: "i32" },

  // int32_t maglev_notify(const uint8_t *text, uint32_t text_size)
  maglev_notify: { parameters: ["buffer", "u32"], result: "i32" },

  // int32_t maglev_netns_enter(const uint8_t *path, uint32_t path_size,
  //                            uint64_t *identity, uint32_t identity_size)
  maglev_netns_enter: { parameters: ["buffer", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_netns_identity(const uint8_t *path, uint32_t path_size,
  //                               uint64_t *identity, uint32_t identity_size)
  maglev_netns_identity: { parameters: ["buffer", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_interface_index(const uint8_t *name, uint32_t name_size)
  maglev_interface_index: { parameters: ["buffer", "u32"], result: "i32" },
  // int32_t maglev_route_check(const uint8_t *destination, uint32_t destination_size,
  //                            const uint8_t *source, uint32_t source_size,
  //                            uint32_t scope)
  maglev_route_check: { parameters: ["buffer", "u32", "buffer", "u32", "u32"], result: "i32" },
  // int32_t maglev_netns_look(const uint8_t *path, uint32_t path_size, uint32_t what,
  //                           uint8_t *text, uint32_t text_size)
  maglev_netns_look: { parameters: ["buffer", "u32", "u32", "buffer", "u32"], result: "i32" },

  // int32_t maglev_peer_user(int32_t fd, uint32_t *about, uint32_t about_size)
  maglev_peer_user: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_user_name(uint32_t uid, uint8_t *name, uint32_t name_size)
  maglev_user_name: { parameters: ["u32", "buffer", "u32"], result: "i32" },

  // int32_t maglev_wake_open(void)
  maglev_wake_open: { parameters: [], result: "i32" },
  // int32_t maglev_wake(int32_t wake)
  maglev_wake: { parameters: ["i32"], result: "i32" },
  // int32_t maglev_wake_clear(int32_t wake)
  maglev_wake_clear: { parameters: ["i32"], result: "i32" },
  // int32_t maglev_close(int32_t fd)
  maglev_close: { parameters: ["i32"], result: "i32" },

  // int32_t maglev_icmp_open(uint32_t family, uint32_t allow, uint32_t id,
  //                          uint32_t *about, uint32_t about_size)
  maglev_icmp_open: { parameters: ["u32", "u32", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_icmp_send(int32_t fd, uint32_t family, uint8_t *records, uint32_t records_size)
  maglev_icmp_send: { parameters: ["i32", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_icmp_receive(int32_t fd, uint32_t family, uint8_t *records,
  //                             uint32_t records_size, uint32_t *about, uint32_t about_size)
  maglev_icmp_receive: {
    parameters: ["i32", "u32", "buffer", "u32", "buffer", "u32"],
    result: "i32",
  },
  // int32_t maglev_icmp_wait(int32_t a, int32_t b, int32_t wake, uint32_t timeout_ms,
  //                          uint32_t linger_us)
  maglev_icmp_wait: {
    parameters: ["i32", "i32", "i32", "u32", "u32"],
    result: "i32",
    nonblocking: true,
  },

  // int32_t maglev_udp_open(void)
  maglev_udp_open: { parameters: [], result: "i32" },
  // int32_t maglev_udp_start(int32_t set, uint8_t *records, uint32_t records_size,
  //                          const uint8_t *payloads, uint32_t payloads_size)
  maglev_udp_start: { parameters: ["i32", "buffer", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_udp_receive(int32_t set, uint8_t *records, uint32_t records_size)
  maglev_udp_receive: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_udp_end(int32_t set, int32_t fd)
  maglev_udp_end: { parameters: ["i32", "i32"], result: "i32" },
  // int32_t maglev_udp_close(int32_t set)
  maglev_udp_close: { parameters: ["i32"], result: "i32" },

  // int32_t maglev_packet_open(uint32_t family)
  maglev_packet_open: { parameters: ["u32"], result: "i32" },
  // int32_t maglev_packet_send(int32_t fd4, int32_t fd6, uint8_t *records,
  //                            uint32_t records_size)
  maglev_packet_send: { parameters: ["i32", "i32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_route_source(const uint8_t *destination, uint32_t destination_size,
  //                             uint8_t *source, uint32_t source_size)
  maglev_route_source: { parameters: ["buffer", "u32", "buffer", "u32"], result: "i32" },

  // int32_t maglev_syn_open(uint32_t family, uint32_t *about, uint32_t about_size)
  maglev_syn_open: { parameters: ["u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_interface_of(const uint8_t *address, uint32_t address_size, uint8_t *name,
  //                             uint32_t name_size)
  maglev_interface_of: { parameters: ["buffer", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_rp_filter(const uint8_t *name, uint32_t name_size)
  maglev_rp_filter: { parameters: ["buffer", "u32"], result: "i32" },
  // int32_t maglev_rp_drops(uint32_t *count, uint32_t count_size)
  maglev_rp_drops: { parameters: ["buffer", "u32"], result: "i32" },

  // int32_t maglev_stats_connect(const uint8_t *path, uint32_t path_size)
  maglev_stats_connect: { parameters: ["buffer", "u32"], result: "i32" },
  // int32_t maglev_stats_receive(int32_t socket)
  maglev_stats_receive: { parameters: ["i32"], result: "i32" },
  // int32_t maglev_stats_directory(int32_t segment, uint8_t *header, uint32_t header_size,
  //                                uint8_t *entries, uint32_t entries_size)
  maglev_stats_directory: { parameters: ["i32", "buffer", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_stats_read(int32_t segment, uint8_t *vectors, uint32_t vectors_size,
  //                           const uint32_t *indices, uint32_t indices_size, double *values,
  //                           uint32_t values_size)
  maglev_stats_read: {
    parameters: ["i32", "buffer", "u32", "buffer", "u32", "buffer", "u32"],
    result: "i32",
  },
  // int32_t maglev_stats_size(int32_t segment)
  maglev_stats_size: { parameters: ["i32"], result: "i32" },
  // int32_t maglev_stats_create(uint32_t size)
  maglev_stats_create: { parameters: ["u32"], result: "i32" },
  // int32_t maglev_stats_resize(int32_t memory, uint32_t size)
  maglev_stats_resize: { parameters: ["i32", "u32"], result: "i32" },
  // int32_t maglev_stats_write(int32_t memory, uint32_t offset, const uint8_t *bytes,
  //                            uint32_t bytes_size)
  maglev_stats_write: { parameters: ["i32", "u32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_stats_listen(const uint8_t *path, uint32_t path_size)
  maglev_stats_listen: { parameters: ["buffer", "u32"], result: "i32" },
  // int32_t maglev_stats_offer(int32_t listener, int32_t memory)
  maglev_stats_offer: { parameters: ["i32", "i32"], result: "i32" },
  // int32_t maglev_vac_open(void)
  maglev_vac_open: { parameters: [], result: "i32" },
  // int32_t maglev_vac_send(int32_t fd, const uint8_t *bytes, uint32_t bytes_size)
  maglev_vac_send: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_vac_receive(int32_t fd, uint8_t *bytes, uint32_t bytes_size)
  maglev_vac_receive: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int32_t maglev_vac_wait(int32_t fd, int32_t wake, uint32_t to_send, uint32_t timeout_ms)
  maglev_vac_wait: {
    parameters: ["i32", "i32", "u32", "u32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;
