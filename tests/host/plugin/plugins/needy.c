/* A plugin that cannot be configured while its source is away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/plugin/abi.h"

static int put(const qc_sink* out, const char* text) {
  return out->write(out->context, (const uint8_t*)text, strlen(text)) == 0 ? QC_OK : QC_INTERNAL;
}

/* Opens the file that {"settings":{"data_file":"…"}} names. */
static int source_is_there(const qc_call* call) {
  char text[4096];
  char* start;
  char* end;
  FILE* file;
  size_t size = call->message_size < sizeof text - 1 ? call->message_size : sizeof text - 1;
  memcpy(text, call->message, size);
  text[size] = 0;
  start = strstr(text, "\"data_file\":\"");
  if (start == NULL) return 0;
  start += 13;
  end = strchr(start, '"');
  if (end == NULL) return 0;
  *end = 0;
  file = fopen(start, "rb");
  if (file == NULL) return 0;
  fclose(file);
  return 1;
}

static int call(void* self, const qc_call* call, const qc_sink* out) {
  (void)self;
  if (strcmp(call->method, "describe") == 0) {
    return put(out, "{\"plugin\":\"needy\",\"version\":\"1.0.0\",\"kind\":\"department\","
                    "\"items\":[{\"item\":\"t.needy\"}]}");
  }
  if (strcmp(call->method, "configure") == 0) {
    if (source_is_there(call)) {
      return put(out, "{\"jwk\":{\"kty\":\"EC\",\"crv\":\"SM2-P-256\","
                      "\"x\":\"MsSuLB8ZgRlfmQRGajnJlI_jC7_yZgvhcVpFiTNMdMc\","
                      "\"y\":\"vDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA\"}}");
    }
    put(out, "{\"code\":\"t.refused\",\"message\":\"no source\",\"field\":\"\"}");
    return QC_UNAVAILABLE;
  }
  if (strcmp(call->method, "die") == 0) abort();
  return put(out, "{\"status\":\"ok\",\"detail\":\"\"}");
}

static void* create(const qc_host* host) {
  (void)host;
  return malloc(1);
}
static void destroy(void* self) { free(self); }

static const qc_plugin kTable = {
    sizeof(qc_plugin), QC_ABI_MAJOR, QC_ABI_MINOR, create, destroy, call};

__attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void);
const qc_plugin* quancheng_plugin(void) { return &kTable; }
