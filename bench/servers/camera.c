// A camera for programs of the bench that want /dev/video0: preloaded, it answers V4L2 calls.
//
//     CAMERA_JPEG=FILE CAMERA_FPS=30 LD_PRELOAD=./camera.so ustreamer ...
//
// The device is a timer; each expiry is one picture, always that of the file. Facts: Linux's
// videodev2.h, "Streaming I/O (Memory Mapping)" of the kernel's media documentation.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUFFERS 16
#define BUFFER_SIZE (1 << 20)

static int device = -1;
static unsigned char *memory[BUFFERS];
static int queue[BUFFERS], queued;
static char *picture;
static size_t picture_size;
static unsigned sequence;

static int open_device(void) {
    FILE *file = fopen(getenv("CAMERA_JPEG"), "rb");
    if (!file) return -1;
    picture = malloc(BUFFER_SIZE);
    picture_size = fread(picture, 1, BUFFER_SIZE, file);
    fclose(file);
    queued = 0;
    device = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return device;
}

static void run(int on) {
    long step = on ? (long)(1e9 / atof(getenv("CAMERA_FPS"))) : 0;
    struct itimerspec every = {{0, step}, {0, step}};
    timerfd_settime(device, 0, &every, NULL);
}

static int is_camera(const char *path) { return !strcmp(path, "/dev/video0"); }

int open(const char *path, int flags, ...) {
    static int (*next)(const char *, int, ...);
    if (!next) next = dlsym(RTLD_NEXT, "open");
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return is_camera(path) ? open_device() : next(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    static int (*next)(const char *, int, ...);
    if (!next) next = dlsym(RTLD_NEXT, "open64");
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return is_camera(path) ? open_device() : next(path, flags, mode);
}

int stat(const char *path, struct stat *found) {
    static int (*next)(const char *, struct stat *);
    if (!next) next = dlsym(RTLD_NEXT, "stat");
    return next(is_camera(path) ? "/dev/null" : path, found);
}

int access(const char *path, int mode) {
    static int (*next)(const char *, int);
    if (!next) next = dlsym(RTLD_NEXT, "access");
    return is_camera(path) ? 0 : next(path, mode);
}

static void *map(void *(*next)(void *, size_t, int, int, int, off_t), void *at, size_t size,
                 int protection, int flags, int fd, off_t offset) {
    if (fd != device || device < 0) return next(at, size, protection, flags, fd, offset);
    int index = (int)(offset / BUFFER_SIZE);
    memory[index] = next(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory[index];
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    static void *(*next)(void *, size_t, int, int, int, off_t);
    if (!next) next = dlsym(RTLD_NEXT, "mmap");
    return map(next, at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    static void *(*next)(void *, size_t, int, int, int, off_t);
    if (!next) next = dlsym(RTLD_NEXT, "mmap64");
    return map(next, at, size, protection, flags, fd, offset);
}

static int dequeue(struct v4l2_buffer *buffer) {
    uint64_t ticks;
    if (read(device, &ticks, sizeof ticks) < 0 || !queued) {
        errno = EAGAIN;
        return -1;
    }
    int index = queue[0];
    memmove(queue, queue + 1, sizeof(int) * (size_t)--queued);
    memcpy(memory[index], picture, picture_size);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    buffer->index = (unsigned)index;
    buffer->bytesused = (unsigned)picture_size;
    buffer->sequence = sequence++;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->timestamp.tv_sec = now.tv_sec;
    buffer->timestamp.tv_usec = now.tv_nsec / 1000;
    return 0;
}

static int set_format(struct v4l2_format *format) {
    format->fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
    format->fmt.pix.width = 640;
    format->fmt.pix.height = 360;
    format->fmt.pix.bytesperline = 0;
    format->fmt.pix.sizeimage = BUFFER_SIZE;
    return 0;
}

static int call(unsigned long request, void *argument) {
    struct v4l2_buffer *buffer = argument;
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *able = argument;
        memset(able, 0, sizeof *able);
        strcpy((char *)able->driver, "bench");
        able->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case VIDIOC_S_FMT:
    case VIDIOC_G_FMT:
    case VIDIOC_TRY_FMT:
        return set_format(argument);
    case VIDIOC_S_PARM:
    case VIDIOC_G_PARM:
        ((struct v4l2_streamparm *)argument)->parm.capture.timeperframe.numerator = 1;
        ((struct v4l2_streamparm *)argument)->parm.capture.timeperframe.denominator = 30;
        ((struct v4l2_streamparm *)argument)->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        return 0;
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *wanted = argument;
        if (wanted->count > BUFFERS) wanted->count = BUFFERS;
        return 0;
    }
    case VIDIOC_QUERYBUF:
        buffer->length = BUFFER_SIZE;
        buffer->m.offset = buffer->index * BUFFER_SIZE;
        return 0;
    case VIDIOC_QBUF:
        queue[queued++] = (int)buffer->index;
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(buffer);
    case VIDIOC_S_INPUT:
        return 0;
    case VIDIOC_STREAMON:
        run(1);
        return 0;
    case VIDIOC_STREAMOFF:
        run(0);
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*next)(int, unsigned long, ...);
    if (!next) next = dlsym(RTLD_NEXT, "ioctl");
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fd == device && device >= 0 ? call(request & 0xffffffffUL, argument) : next(fd, request, argument);
}
