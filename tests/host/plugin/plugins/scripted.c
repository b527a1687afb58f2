/* A plugin in plain C99, against abi.h alone. What it does is asked for by method, so that one
 * library shows every way in which a plugin may misbehave. Compiled in variants by macros. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/plugin/abi.h"

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION "1.0.0"
#endif
#ifndef PLUGIN_ITEM
#define PLUGIN_ITEM "t.item"
#endif
#ifndef PLUGIN_ABI_MAJOR
#define PLUGIN_ABI_MAJOR QC_ABI_MAJOR
#endif
#ifndef PLUGIN_STATUS
#define PLUGIN_STATUS "ok"
#endif

typedef struct instance {
  const qc_host* host;
} instance;

static int put(const qc_sink* out, const char* text) {
  return out->write(out->context, (const uint8_t*)text, strlen(text)) == 0 ? QC_OK : QC_INTERNAL;
}

static void sleep_ms(long ms) {
  struct timespec left;
  left.tv_sec = ms / 1000;
  left.tv_nsec = ms % 1000 * 1000000;
  while (nanosleep(&left, &left) != 0) {
  }
}

/* The number after {"ms": in a message without spaces. */
static long number_in(const qc_call* call) {
  char digits[16] = {0};
  size_t i = 6;
  size_t n = 0;
  while (i < call->message_size && n + 1 < sizeof digits && call->message[i] >= '0' &&
         call->message[i] <= '9') {
    digits[n++] = (char)call->message[i++];
  }
  return strtol(digits, NULL, 10);
}

static int flood(const qc_sink* out) {
  char chunk[4096];
  long written = 0;
  memset(chunk, 'x', sizeof chunk);
  for (;;) {
    if (out->write(out->context, (const uint8_t*)chunk, sizeof chunk) != 0) return QC_INTERNAL;
    written += (long)sizeof chunk;
    if (written > 1L << 30) abort(); /* the host forgot its limit */
  }
}

static int fail(const qc_sink* out, int status) {
  put(out, "{\"code\":\"t.refused\",\"message\":\"line one\\nline two\",\"field\":\"a.b\"}");
  return status;
}

#if defined(TABLE_INCOMPLETE)
#elif defined(CREATE_FAILS)
static void* create(const qc_host* host) {
  (void)host;
  return NULL;
}
#else
static void* create(const qc_host* host) {
  instance* self = malloc(sizeof *self);
  if (self != NULL) self->host = host;
  return self;
}
#endif

static void destroy(void* self) { free(self); }

static int call(void* self, const qc_call* call, const qc_sink* out) {
  const char* method = call->method;
  const qc_host* host = ((instance*)self)->host;
  if (strcmp(method, "describe") == 0) {
#ifdef DESCRIBE_ANSWER
    return put(out, DESCRIBE_ANSWER);
#else
    return put(out, "{\"plugin\":\"" PLUGIN_ID "\",\"version\":\"" PLUGIN_VERSION
                    "\",\"kind\":\"department\",\"name_zh\":\"x\",\"name_en\":\"x\","
                    "\"items\":[{\"item\":\"" PLUGIN_ITEM "\"}]}");
#endif
  }
  if (strcmp(method, "configure") == 0) {
#ifdef CONFIGURE_FAILS
    return fail(out, QC_REFUSED);
#else
    /* The base point of the curve is as good a public key as any. */
    return put(out,
               "{\"jwk\":{\"kty\":\"EC\",\"crv\":\"SM2-P-256\","
               "\"x\":\"MsSuLB8ZgRlfmQRGajnJlI_jC7_yZgvhcVpFiTNMdMc\","
               "\"y\":\"vDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA\"}}");
#endif
  }
  if (strcmp(method, "health") == 0) {
    return put(out, "{\"status\":\"" PLUGIN_STATUS "\",\"detail\":\"source away\"}");
  }
#ifdef MORTAL
  if (strcmp(method, "die") == 0) abort();
#else
  if (strcmp(method, "die") == 0) return put(out, "{\"died\":false}");
#endif
#ifdef VERSION_FAILS
  if (strcmp(method, "version") == 0) return fail(out, QC_INTERNAL);
#endif
  if (strcmp(method, "version") == 0) return put(out, "{\"version\":\"" PLUGIN_VERSION "\"}");
  if (strcmp(method, "echo") == 0) {
    return out->write(out->context, call->message, call->message_size) == 0 ? QC_OK : QC_INTERNAL;
  }
  if (strcmp(method, "sleep") == 0) {
    sleep_ms(number_in(call));
    return put(out, "{\"slept\":true}");
  }
  if (strcmp(method, "deadline") == 0) {
    return put(out, call->deadline_ms > 0 ? "{\"has\":true}" : "{\"has\":false}");
  }
  if (strcmp(method, "garbage") == 0) return put(out, "\xff{not json");
  if (strcmp(method, "array") == 0) return put(out, "[1]");
  if (strcmp(method, "twice") == 0) return put(out, "{\"a\":1,\"a\":2}");
  if (strcmp(method, "nothing") == 0) return QC_OK;
  if (strcmp(method, "flood") == 0) return flood(out);
  if (strcmp(method, "flood_and_claim") == 0) {
    flood(out);
    return QC_OK;
  }
  if (strcmp(method, "null") == 0) {
    out->write(out->context, NULL, 5);
    return put(out, "{}");
  }
  if (strcmp(method, "log") == 0) {
    host->log(host->context, QC_LOG_WARNING, "from a plugin\ninjected", 22);
    host->log(host->context, QC_LOG_INFO, NULL, 5);
    return put(out, "{}");
  }
  if (strcmp(method, "extension") == 0) {
    return put(out, host->extension(host->context, "secrets/1") == NULL ? "{\"given\":false}"
                                                                        : "{\"given\":true}");
  }
  if (strcmp(method, "refuse") == 0) return fail(out, QC_REFUSED);
  if (strcmp(method, "invalid") == 0) return fail(out, QC_INVALID);
  if (strcmp(method, "absent") == 0) return fail(out, QC_NOT_FOUND);
  if (strcmp(method, "unavailable") == 0) return fail(out, QC_UNAVAILABLE);
  if (strcmp(method, "defect") == 0) return fail(out, QC_INTERNAL);
  if (strcmp(method, "strange_status") == 0) return fail(out, 77);
  if (strcmp(method, "fail_silently") == 0) return QC_REFUSED;
  if (strcmp(method, "bad_code") == 0) {
    put(out, "{\"code\":\"A Code!\",\"message\":\"\",\"field\":\"\"}");
    return QC_REFUSED;
  }
  put(out, "{\"code\":\"plugin.unknown_method\",\"message\":\"\",\"field\":\"\"}");
  return QC_UNKNOWN_METHOD;
}

#ifdef TABLE_TOO_SMALL
static const qc_plugin kTable = {8, PLUGIN_ABI_MAJOR, QC_ABI_MINOR, create, destroy, call};
#elif defined(TABLE_INCOMPLETE)
static const qc_plugin kTable = {
    sizeof(qc_plugin), PLUGIN_ABI_MAJOR, QC_ABI_MINOR, NULL, destroy, call};
#else
static const qc_plugin kTable = {
    sizeof(qc_plugin), PLUGIN_ABI_MAJOR, QC_ABI_MINOR, create, destroy, call};
#endif

#ifdef NO_SYMBOL
#define ENTRY another_name
#else
#define ENTRY quancheng_plugin
#endif

__attribute__((visibility("default"))) const qc_plugin* ENTRY(void);
const qc_plugin* ENTRY(void) {
#ifdef NULL_TABLE
  return kTable.struct_size == 0 ? &kTable : NULL;
#else
  return &kTable;
#endif
}
