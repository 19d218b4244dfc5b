// Sends GET requests at a constant rate over open connections and prints how long their answers took, counted from the moment at which each should have been sent:
// a request that waits for a free connection waits visibly. Without pauses of its own, which a client with a garbage collector has at such rates.
//
//   steady PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS        prints: requests/s p50 p99 p99.9 max (the four in microseconds)

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, EVENTS_MAX = 64, ANSWER_BYTES_MAX = 8192, LATENCY_US_MAX = 2000000, WARM_UP_SECONDS = 1 };

static const char headers[] =
    "Host: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Referer: https://mail.example.com/\r\n\r\n";

static int sockets[CONNECTIONS_MAX];
static double intended[CONNECTIONS_MAX]; // nanoseconds at which the request of a connection should have been sent
static int idle[CONNECTIONS_MAX];
static int idle_count;
static unsigned latencies[LATENCY_US_MAX + 1]; // requests by microseconds

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void connect_all(int poll, int port, int count) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < count; i++) {
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(sockets[i], (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &event);
    idle[idle_count++] = i;
  }
}

// Whole answers come in one piece from all servers that are compared: they are far smaller than a segment.
static void receive(int connection, double measured_from) {
  char answer[ANSWER_BYTES_MAX];
  ssize_t length = recv(sockets[connection], answer, sizeof answer, 0);
  if (length < 12 || (memcmp(answer + 9, "200", 3) != 0 && memcmp(answer + 9, "302", 3) != 0)) fail("no answer");
  if (intended[connection] >= measured_from) {
    long us = (now() - intended[connection]) / 1000;
    latencies[us > LATENCY_US_MAX ? LATENCY_US_MAX : us]++;
  }
  idle[idle_count++] = connection;
}

static long quantile(double part, long total) {
  long seen = 0, us = 0;
  for (long i = 0; i <= LATENCY_US_MAX; i++) {
    seen += latencies[i];
    us = i;
    if (seen >= part * total) break;
  }
  return us;
}

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "steady PORT PATH REQUESTS_PER_SECOND SECONDS CONNECTIONS\n");
    return 2;
  }
  double rate = atof(arguments[3]), seconds = atof(arguments[4]);
  int connections = atoi(arguments[5]);
  if (rate <= 0 || seconds <= 0 || connections < 1 || connections > CONNECTIONS_MAX) return 2;

  char request[1024];
  int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s", arguments[2], headers);
  int poll = epoll_create1(0);
  connect_all(poll, atoi(arguments[1]), connections);

  double begin = now(), next = begin;
  double measured_from = begin + WARM_UP_SECONDS * 1e9, end = measured_from + seconds * 1e9;
  for (double time = begin; time < end; time = now()) {
    for (; idle_count > 0 && next <= time; next += 1e9 / rate) {
      int connection = idle[--idle_count];
      intended[connection] = next;
      if (send(sockets[connection], request, length, MSG_NOSIGNAL) != length) fail("send");
    }
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(poll, events, EVENTS_MAX, 0);
    for (int i = 0; i < ready; i++) receive(events[i].data.u32, measured_from);
  }

  long total = 0;
  for (long i = 0; i <= LATENCY_US_MAX; i++) total += latencies[i];
  printf("%.0f %ld %ld %ld %ld\n", total / seconds, quantile(0.5, total), quantile(0.99, total), quantile(0.999, total), quantile(1, total));
}
