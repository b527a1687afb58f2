/* A plugin that means harm, in plain C against abi.h alone. What it does is asked for by method; the
 * variants made by macros do it while they are loaded. Everything it tries is real: if the
 * confinement had a hole, the harm would be done. Only what would take the machine with it is kept
 * within bounds (200 children that end by themselves, 4 GiB, signal 0). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/plugin/abi.h"

extern char** environ;

typedef struct instance {
  const qc_host* host;
} instance;

static int put(const qc_sink* out, const char* text) {
  return out->write(out->context, (const uint8_t*)text, strlen(text)) == 0 ? QC_OK : QC_INTERNAL;
}

/* {"result":<0 or 1>,"errno":<number>}: 1 = the harm was done. */
static int tell(const qc_sink* out, int done) {
  char text[96];
  snprintf(text, sizeof text, "{\"done\":%s,\"errno\":%d}", done ? "true" : "false", done ? 0 : errno);
  return put(out, text);
}

/* The value of {"path":"…"}. */
static void path_in(const qc_call* call, char* path, size_t size) {
  const char* start = memmem(call->message, call->message_size, "\"path\":\"", 8);
  const char* end;
  path[0] = 0;
  if (start == NULL) return;
  start += 8;
  end = memchr(start, '"', call->message_size - (size_t)(start - (const char*)call->message));
  if (end == NULL || (size_t)(end - start) >= size) return;
  memcpy(path, start, (size_t)(end - start));
  path[end - start] = 0;
}

static volatile int nothing;
static volatile uintptr_t nowhere = 8; /* volatile: a compiler must not see through it */
static void spin(void) {
  for (;;) nothing++;
}
static void* spin_thread(void* unused) {
  spin();
  return unused;
}
static void* sleep_thread(void* unused) {
  for (;;) pause();
  return unused;
}

static int overflow(int depth) {
  volatile char frame[4096];
  if (depth < 0) return 0;
  frame[0] = (char)depth;
  return overflow(depth + 1) + frame[0];
}

/* ---- what ends the process ---- */

static void grow(int touch) {
  for (int i = 0; i < 1024; i++) {
    char* block = malloc(4 << 20);
    if (block == NULL) abort();
    if (touch) memset(block, 1, 4 << 20);
  }
}

/* Whether one child came to life. */
static int fork_bomb(void) {
  int born = 0;
  for (int i = 0; i < 200; i++) {
    pid_t child = fork();
    if (child > 0) born = 1;
    if (child != 0) continue;
    alarm(20);
    pause();
    _exit(0);
  }
  return born;
}

static void corrupt_heap(void) {
  char* volatile first = malloc(24);
  char* volatile second = malloc(24);
  memset(first, 0x41, 96);
  free(second);
  free(first);
  free(malloc(1 << 20));
  abort();
}

static void write_on_lanes(const void* bytes, size_t size) {
  for (int fd = 5; fd < 64; fd++) {
    ssize_t written = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)written;
  }
}

/* An answer of a gigabyte, as a runner would announce it. */
static void announce_gigabyte(void) {
  uint32_t header[6] = {0x31525051u, 0, 1, 0, 0, 1u << 30};
  write_on_lanes(header, sizeof header);
  spin();
}

static int end_process(const char* method, instance* self) {
  if (strcmp(method, "segfault") == 0) *(volatile int*)nowhere = 1;
  if (strcmp(method, "jump") == 0) ((void (*)(void))nowhere)();
  if (strcmp(method, "abort") == 0) abort();
  if (strcmp(method, "exit") == 0) exit(0);
  if (strcmp(method, "stack") == 0) nothing = overflow(0);
  if (strcmp(method, "heap") == 0) corrupt_heap();
  if (strcmp(method, "loop") == 0) spin();
  if (strcmp(method, "sleep") == 0) sleep(3600);
  if (strcmp(method, "grow") == 0) grow(1);
  if (strcmp(method, "reserve") == 0) grow(0);
  if (strcmp(method, "suspend") == 0) raise(SIGSTOP);
  if (strcmp(method, "garbage") == 0) {
    write_on_lanes("this is no answer at all, but it is long enough", 47);
    spin();
  }
  if (strcmp(method, "gigabyte") == 0) announce_gigabyte();
  if (strcmp(method, "hang_up") == 0) {
    for (int fd = 0; fd < 64; fd++) close(fd);
    spin();
  }
  if (strcmp(method, "run") == 0) return system("touch /tmp/quancheng-hostile-was-here");
  if (strcmp(method, "spawn_raw") == 0) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); /* nobody shall hear of it */
    syscall(SYS_fork);
    spin();
  }
  (void)self;
  return -1;
}

/* ---- what is refused, and the process goes on ---- */

static int connect_out(const qc_call* call) {
  char port[16];
  struct sockaddr_in address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return 0;
  path_in(call, port, sizeof port);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, (struct sockaddr*)&address, sizeof address) == 0;
}

/* Through the host: {"path":"<address>"}. Writes a greeting to whoever is there. */
static int call_outside(instance* self, const qc_call* call, const qc_sink* out) {
  char address[512];
  const qc_outbound* outbound = self->host->extension(self->host->context, QC_OUTBOUND);
  int fd;
  int harmless = 1;
  if (outbound == NULL) return put(out, "{\"extension\":null}");
  path_in(call, address, sizeof address);
  fd = outbound->open(outbound->context, address, call->deadline_ms);
  if (fd < 0) {
    errno = -fd;
    return tell(out, 0);
  }
  /* Where it is connected it stays: neither anew, nor by an option that connects with the first byte. */
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &harmless, sizeof harmless);
  if (setsockopt(fd, SOL_SOCKET, SO_MARK, &harmless, sizeof harmless) == 0 ||
      connect(fd, (struct sockaddr*)&(struct sockaddr_in){.sin_family = AF_UNSPEC},
              sizeof(struct sockaddr_in)) == 0) {
    return put(out, "{\"escaped\":true}");
  }
  if (send(fd, "hello", 5, MSG_NOSIGNAL) != 5) return tell(out, 0);
  close(fd);
  return tell(out, 1);
}

static int read_parent(void) {
  char path[64];
  char byte;
  struct iovec ours = {&byte, 1};
  struct iovec theirs = {(void*)&nothing, 1};
  int fd;
  snprintf(path, sizeof path, "/proc/%d/mem", (int)getppid());
  fd = open(path, O_RDONLY);
  if (fd >= 0) return 1;
  if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0) return 1;
  return process_vm_readv(getppid(), &ours, 1, &theirs, 1, 0) == 1;
}

static int raise_limits(void) {
  struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(RLIMIT_AS, &all) == 0 ||
         prlimit(getppid(), RLIMIT_NOFILE, &(struct rlimit){1, 1}, NULL) == 0;
}

static int take_handler(void) {
  struct sigaction ours;
  memset(&ours, 0, sizeof ours);
  ours.sa_handler = SIG_IGN;
  return sigaction(SIGSYS, &ours, NULL) == 0;
}

static int write_library(void) {
  char byte = 0;
  return pwrite(4, &byte, 1, 0) == 1 || ftruncate(4, 0) == 0 ||
         mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 4, 0) != MAP_FAILED;
}

static int try_harm(const qc_call* call) {
  const char* method = call->method;
  char path[512];
  path_in(call, path, sizeof path);
  if (strcmp(method, "fork_bomb") == 0) return fork_bomb();
  if (strcmp(method, "read") == 0) return open(path, O_RDONLY) >= 0;
  if (strcmp(method, "list") == 0) return open(path, O_RDONLY | O_DIRECTORY) >= 0;
  if (strcmp(method, "create") == 0) return open(path, O_WRONLY | O_CREAT, 0600) >= 0;
  if (strcmp(method, "append") == 0) return open(path, O_WRONLY | O_APPEND) >= 0;
  if (strcmp(method, "delete") == 0) return unlink(path) == 0;
  if (strcmp(method, "move") == 0) return rename(path, "/tmp/quancheng-hostile-moved") == 0;
  if (strcmp(method, "make_dir") == 0) return mkdir(path, 0700) == 0;
  if (strcmp(method, "chmod") == 0) return chmod(path, 0777) == 0;
  if (strcmp(method, "truncate") == 0) return truncate(path, 0) == 0;
  if (strcmp(method, "connect") == 0) return connect_out(call);
  if (strcmp(method, "kill_host") == 0) return kill(getppid(), 0) == 0;
  if (strcmp(method, "kill_all") == 0) return kill(-1, 0) == 0;
  if (strcmp(method, "look_at_host") == 0) return read_parent();
  if (strcmp(method, "raise_limits") == 0) return raise_limits();
  if (strcmp(method, "take_handler") == 0) return take_handler();
  if (strcmp(method, "write_library") == 0) return write_library();
  if (strcmp(method, "memory_file") == 0) return memfd_create("x", 0) >= 0;
  if (strcmp(method, "map_600_mib") == 0) {
    return mmap(NULL, 600u << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  }
  if (strcmp(method, "namespace") == 0) return syscall(SYS_unshare, 0x10000000 /* user */) == 0;
  return -1;
}

/* ---- what it sees, and what it leaves behind ---- */

static int list_descriptors(const qc_sink* out) {
  char text[4096] = "{\"open\":[";
  size_t used = strlen(text);
  int first = 1;
  for (int fd = 0; fd < 4096; fd++) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", first ? "" : ",", fd);
    first = 0;
  }
  snprintf(text + used, sizeof text - used, "],\"environment\":%d}", environ != NULL && *environ != NULL);
  return put(out, text);
}

typedef int (*create_function)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

static int start_threads_by(create_function create, const qc_sink* out, int count,
                            void* (*body)(void*)) {
  pthread_attr_t small;
  int started = 0;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    if (create(&thread, &small, body, NULL) == 0) started++;
  }
  char text[64];
  snprintf(text, sizeof text, "{\"started\":%d}", started);
  return put(out, text);
}

static int start_threads(const qc_sink* out, int count, void* (*body)(void*)) {
  return start_threads_by(pthread_create, out, count, body);
}

/* Around whoever stands between it and libc. */
static int sneak_threads(const qc_sink* out, int count, void* (*body)(void*)) {
  void* libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  create_function create = NULL;
  if (libc != NULL) *(void**)&create = dlsym(libc, "pthread_create");
  if (create == NULL) return put(out, "{\"started\":0}");
  return start_threads_by(create, out, count, body);
}

/* So many megabytes, whatever the sink says. */
static int flood(const qc_sink* out, int megabytes) {
  static uint8_t chunk[1 << 20];
  memset(chunk, 'x', sizeof chunk);
  for (int i = 0; i < megabytes; i++) {
    int refused = out->write(out->context, chunk, sizeof chunk);
    (void)refused;
  }
  return QC_OK;
}

static int chatter(const qc_host* host, const qc_sink* out) {
  for (int i = 0; i < 200000; i++) {
    host->log(host->context, QC_LOG_ERROR, "again and again and again", 25);
  }
  return put(out, "{}");
}

static int put_thread(const qc_sink* out) {
  char text[64];
  snprintf(text, sizeof text, "{\"thread\":%ld}", syscall(SYS_gettid));
  return put(out, text);
}

static int relented;

static void* spin_until_relent(void* unused) {
  const int before = __atomic_load_n(&relented, __ATOMIC_RELAXED);
  while (__atomic_load_n(&relented, __ATOMIC_RELAXED) == before) {
  }
  return unused;
}

/* Quick and obliging, until it is told {"path":"loop"} or {"path":"sleep"}: then it does not come
 * back before somebody calls "relent". */
static int betray(const qc_call* call, const qc_sink* out) {
  const int before = __atomic_load_n(&relented, __ATOMIC_RELAXED);
  char how[16];
  if (strcmp(call->method, "relent") == 0) {
    __atomic_add_fetch(&relented, 1, __ATOMIC_RELAXED);
    return put(out, "{}");
  }
  path_in(call, how, sizeof how);
  while (how[0] != 0 && __atomic_load_n(&relented, __ATOMIC_RELAXED) == before) {
    if (strcmp(how, "sleep") == 0) usleep(1000);
  }
  return put_thread(out);
}

static int call(void* instance_, const qc_call* call, const qc_sink* out) {
  instance* self = instance_;
  const char* method = call->method;
  int done;
  if (strcmp(method, "describe") == 0) {
    return put(out, "{\"plugin\":\"hostile\",\"version\":\"1.0.0\",\"kind\":\"department\","
                    "\"items\":[{\"item\":\"t.hostile\"}]}");
  }
  if (strcmp(method, "configure") == 0) {
#ifdef CRASH_ON_CONFIGURE
    abort();
#endif
    return put(out, "{\"jwk\":{\"kty\":\"EC\",\"crv\":\"SM2-P-256\","
                    "\"x\":\"MsSuLB8ZgRlfmQRGajnJlI_jC7_yZgvhcVpFiTNMdMc\","
                    "\"y\":\"vDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA\"}}");
  }
  if (strcmp(method, "health") == 0) return put(out, "{\"status\":\"ok\",\"detail\":\"\"}");
  if (strcmp(method, "echo") == 0) {
    return out->write(out->context, call->message, call->message_size) == 0 ? QC_OK : QC_INTERNAL;
  }
  if (strcmp(method, "pid") == 0) {
    char text[64];
    snprintf(text, sizeof text, "{\"pid\":%d}", (int)getpid());
    return put(out, text);
  }
  if (strcmp(method, "thread") == 0) return put_thread(out);
  if (strcmp(method, "betray") == 0 || strcmp(method, "relent") == 0) return betray(call, out);
  if (strcmp(method, "descriptors") == 0) return list_descriptors(out);
  if (strcmp(method, "threads") == 0) return start_threads(out, 3, sleep_thread);
  if (strcmp(method, "thread_flood") == 0) return start_threads(out, 500, sleep_thread);
  if (strcmp(method, "thread_sneak") == 0) return sneak_threads(out, 500, sleep_thread);
  if (strcmp(method, "burn_a_while") == 0) return start_threads(out, 1, spin_until_relent);
  if (strcmp(method, "burn") == 0) return start_threads(out, 1, spin_thread);
  if (strcmp(method, "flood") == 0) return flood(out, 1024);
  if (strcmp(method, "flood_a_little") == 0) return flood(out, 4 + 64);
  if (strcmp(method, "call_outside") == 0) return call_outside(self, call, out);
  if (strcmp(method, "chatter") == 0) return chatter(self->host, out);
  end_process(method, self);
  errno = 0;
  done = try_harm(call);
  if (done >= 0) return tell(out, done);
  put(out, "{\"code\":\"plugin.unknown_method\",\"message\":\"\",\"field\":\"\"}");
  return QC_UNKNOWN_METHOD;
}

static void* create(const qc_host* host) {
  instance* self = malloc(sizeof *self);
#ifdef CRASH_ON_CREATE
  abort();
#endif
  if (self != NULL) self->host = host;
  return self;
}

static void destroy(void* self) {
#ifdef HANG_ON_DESTROY
  for (;;) pause(); /* inside the host too, whose tests would go on beside a loop */
#endif
  free(self);
}

static const qc_plugin kTable = {
    sizeof(qc_plugin), QC_ABI_MAJOR, QC_ABI_MINOR, create, destroy, call};

__attribute__((constructor)) static void on_load(void) {
#if defined(CRASH_ON_LOAD)
  *(volatile int*)nowhere = 1;
#elif defined(EXIT_ON_LOAD)
  _exit(0);
#elif defined(HARM_ON_LOAD)
  if (open("/etc/passwd", O_RDONLY) >= 0 || socket(AF_INET, SOCK_STREAM, 0) >= 0) abort();
  if (fork_bomb()) abort();
#endif
}

__attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void);
const qc_plugin* quancheng_plugin(void) { return &kTable; }
