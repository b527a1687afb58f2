/* The plugin ABI of Quancheng Chain, version 1.0. C99, one exported symbol.
 *
 * Calls are messages: UTF-8 JSON in, UTF-8 JSON out through a sink that the host supplies, so that
 * nothing is owned across the border and the same library runs inside the host or in a child
 * process. Every struct starts with struct_size; tables grow at their end; a reader checks
 * struct_size before it touches a later member. Messages and their fields: docs/formats.md.
 */
#ifndef QUANCHENG_PLUGIN_ABI_H
#define QUANCHENG_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QC_ABI_MAJOR 1u
#define QC_ABI_MINOR 0u
#define QC_PLUGIN_SYMBOL "quancheng_plugin"

/* Status of a call. Anything but QC_OK: the sink holds {"code","message","field"}. */
enum {
  QC_OK = 0,
  QC_INVALID = 1,     /* the message is malformed or asks for what does not exist */
  QC_NOT_FOUND = 2,   /* the subject has no such record */
  QC_REFUSED = 3,     /* identity, right or precondition not proved */
  QC_UNAVAILABLE = 4, /* the data source does not answer; try again */
  QC_INTERNAL = 5,    /* a defect of the plugin */
  QC_UNKNOWN_METHOD = 6
};

enum { QC_LOG_DEBUG = 0, QC_LOG_INFO = 1, QC_LOG_WARNING = 2, QC_LOG_ERROR = 3 };

/* Receives output. write() may be called several times in one call; returns 0, or non-zero when
 * the host takes no more (size limit): the plugin then stops and returns QC_INTERNAL. One
 * that goes on and is refused more than 64 times in one call has its process ended. */
typedef struct qc_sink {
  uint32_t struct_size;
  void* context;
  int (*write)(void* context, const uint8_t* data, size_t size);
} qc_sink;

/* What the host offers. Any thread. */
typedef struct qc_host {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  void* context;
  /* Never pass personal data: the line goes to the host's log. */
  void (*log)(void* context, int level, const char* text, size_t size);
  /* An extension table by id ("name/1"), or NULL when unknown or not granted. */
  const void* (*extension)(void* context, const char* id);
} qc_host;

/* Extension "quancheng.outbound/1": stream connections to the addresses that the plugin's manifest
 * asks for and its admission grants, and to no other; NULL without one. */
#define QC_OUTBOUND "quancheng.outbound/1"
typedef struct qc_outbound {
  uint32_t struct_size;
  void* context;
  /* `address`: "host:port" or the "/path" of a UNIX socket, written as in the manifest. Returns a
   * connected, blocking descriptor that is the caller's, or a negative error number: -EACCES not
   * granted, -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH … `deadline_ms` as in qc_call. Any thread. */
  int (*open)(void* context, const char* address, int64_t deadline_ms);
  uint32_t flags; /* QC_OUTBOUND_… */
} qc_outbound;

/* For a library that opens its socket itself: connect() of a stream socket of the UNIX family whose
 * path is an address goes the same way, with the same refusals. */
enum { QC_OUTBOUND_CONNECTS_PATHS = 1 };

/* Extension "quancheng.routes/1": the instance that is given it answers paths of its own product
 * over HTTP (method "route"), and does nothing else. NULL unless the admission grants "routes", and
 * NULL in every instance that is configured: whoever decides on people's data does not talk to
 * callers, and whoever talks to callers gets no settings, no key, no file, no connection and no
 * presentation. */
#define QC_ROUTES "quancheng.routes/1"
typedef struct qc_routes {
  uint32_t struct_size;
  uint32_t max_body_bytes;   /* of what a caller sends */
  uint32_t max_answer_bytes; /* of a whole answer: the sink takes no more */
} qc_routes;

typedef struct qc_call {
  uint32_t struct_size;
  const char* method; /* NUL-terminated */
  const uint8_t* message;
  size_t message_size;
  int64_t deadline_ms; /* milliseconds since the epoch; 0 = none */
} qc_call;

/* What a plugin is. create/destroy [any one thread, no call in flight]; call [any thread,
 * concurrently]. No exception and no signal may leave these functions. */
typedef struct qc_plugin {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  void* (*create)(const qc_host* host); /* NULL on failure */
  void (*destroy)(void* instance);
  int (*call)(void* instance, const qc_call* call, const qc_sink* out);
} qc_plugin;

/* The one exported symbol. The table lives as long as the library. */
typedef const qc_plugin* (*qc_plugin_entry)(void);

#ifdef __cplusplus
}
#endif
#endif
