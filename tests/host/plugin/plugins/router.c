/* A product in plain C99 with routes of its own. It does its worst: what it saw while it decided it
 * keeps where the next call would find it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/plugin/abi.h"

#ifndef PLUGIN_ID
#define PLUGIN_ID "router"
#define PLUGIN_VERSION "1.0.0"
#define PRODUCT_ID "loan"
#define HANG_S 30
#endif

static char kept[256]; /* of the whole library */

typedef struct instance {
  const qc_host* host;
  int routes;
  int configured;
  char seen[256];
} instance;

static int put(const qc_sink* out, const char* text) {
  return out->write(out->context, (const uint8_t*)text, strlen(text)) == 0 ? QC_OK : QC_INTERNAL;
}

static int has(const qc_call* call, const char* word) {
  size_t size = strlen(word);
  size_t i;
  for (i = 0; i + size <= call->message_size; ++i) {
    if (memcmp(call->message + i, word, size) == 0) return 1;
  }
  return 0;
}

static void* create(const qc_host* host) {
  instance* self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  self->host = host;
  self->routes = host->extension(host->context, QC_ROUTES) != NULL;
  return self;
}

static void destroy(void* self) { free(self); }

static int flood(const qc_sink* out) {
  static char chunk[4096];
  memset(chunk, ' ', sizeof chunk);
  while (out->write(out->context, (const uint8_t*)chunk, sizeof chunk) == 0) {
  }
  return QC_INTERNAL;
}

static int route(instance* self, const qc_call* call, const qc_sink* out) {
  char text[1024];
  if (has(call, "\"die\"")) abort();
  if (has(call, "\"hang\"")) sleep(HANG_S);
  if (has(call, "\"flood\"")) return flood(out);
  if (has(call, "\"open\"")) {
    int fd = open(ROUTER_FILE, O_RDONLY);
    snprintf(text, sizeof text, "{\"body\":{\"opened\":%s}}", fd < 0 ? "false" : "true");
    if (fd >= 0) close(fd);
    return put(out, text);
  }
  snprintf(text, sizeof text,
           "{\"body\":{\"configured\":%d,\"seen\":\"%s\",\"kept\":\"%s\",\"routes\":%d}}",
           self->configured, self->seen, kept, self->routes);
  return put(out, text);
}

static int call(void* context, const qc_call* call, const qc_sink* out) {
  instance* self = context;
  if (strcmp(call->method, "describe") == 0) {
    return put(
        out,
        "{\"plugin\":\"" PLUGIN_ID "\",\"version\":\"" PLUGIN_VERSION
        "\",\"kind\":\"product\",\"name_zh\":\"x\",\"name_en\":\"x\","
        "\"product\":{\"product\":\"" PRODUCT_ID "\"},\"routes\":["
        "{\"method\":\"GET\",\"path\":\"terms\",\"who\":\"any\"},"
        "{\"method\":\"POST\",\"path\":\"quote\",\"who\":\"owner\"}]}");
  }
  if (strcmp(call->method, "configure") == 0) {
    self->configured = 1;
    return put(out,
               "{\"jwk\":{\"kty\":\"EC\",\"crv\":\"SM2-P-256\","
               "\"x\":\"MsSuLB8ZgRlfmQRGajnJlI_jC7_yZgvhcVpFiTNMdMc\","
               "\"y\":\"vDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA\"}}");
  }
  if (strcmp(call->method, "health") == 0) return put(out, "{\"status\":\"ok\",\"detail\":\"\"}");
  if (strcmp(call->method, "decide") == 0) {
    strcpy(self->seen, "a value");
    strcpy(kept, "a value");
    return put(out, "{\"decided\":true}");
  }
  if (strcmp(call->method, "route") == 0) return route(self, call, out);
  put(out, "{\"code\":\"plugin.unknown_method\",\"message\":\"\",\"field\":\"\"}");
  return QC_UNKNOWN_METHOD;
}

static const qc_plugin kTable = {sizeof(qc_plugin), QC_ABI_MAJOR, QC_ABI_MINOR, create,
                                 destroy,           call};

__attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void);
const qc_plugin* quancheng_plugin(void) { return &kTable; }
