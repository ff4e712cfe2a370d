#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PAGE = 4096, @CONSTANTS@ };

static const char *const bad[] = { @BAD@, NULL };
static const char *const good[] = { @GOOD@, NULL };

static void skip(const char *what)
{
	printf("could not be run: %s: %s\n", what, strerror(errno));
	exit(77);
}

/* Units of the old file are filled with a, b, c, .., those that are written with A, B, C, .. */
static void fill(char *at, int first, int count, int letter)
{
	for (int i = 0; i < count; i++)
		memset(at + i * UNIT, letter + first + i, UNIT);
}

/* Puts the file to where it is kept, and takes its pages out of the page cache. */
static void drop(int fd)
{
	if (fsync(fd) || syncfs(fd))
		skip("fsync");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* o3 is the old unit 3, n3 the new one, 0 zeros, ? anything else. */
static void contents(int fd, FILE *out)
{
	static unsigned char b[8 * PAGE];
	ssize_t n = pread(fd, b, sizeof b, 0);

	fprintf(out, "size %zd", n / UNIT);
	if (n % UNIT)
		fprintf(out, "+%zd", n % UNIT);
	for (ssize_t at = 0; at < n; at += UNIT) {
		int c = b[at];

		for (ssize_t i = at; i < at + UNIT && i < n; i++)
			if (b[i] != c)
				c = 0xff;
		fputs(at ? " " : ": ", out);
		if (c == 0)
			fputs("0", out);
		else if (c >= 'a' && c <= 'z')
			fprintf(out, "o%d", c - 'a');
		else if (c >= 'A' && c <= 'Z')
			fprintf(out, "n%d", c - 'A');
		else
			fputs("?", out);
	}
}

static int among(const char *seen, const char *const *all)
{
	while (*all && strcmp(seen, *all))
		all++;
	return *all != NULL;
}

int main(int argc, char **argv)
{
	char path[4096], *now, *then;
	size_t length;
	struct utsname kernel;

	snprintf(path, sizeof path, "%s/shortcopy-XXXXXX", argc > 1 ? argv[1] : ".");
	int fd = mkstemp(path);
	if (fd < 0)
		skip(path);
	unlink(path);

	/* The file: @FILE@ */
@PREPARE@
	/* The source: @SOURCE@ */
@MEMORY@
	ssize_t ret = pwritev(fd, data, sizeof data / sizeof *data, POSITION * UNIT);
	FILE *out = open_memstream(&now, &length);
	if (ret < 0)
		fprintf(out, "-%s, ", strerrorname_np(errno));
	else
		fprintf(out, ret % UNIT ? "%zd+, " : "%zd, ", ret / UNIT);
	contents(fd, out);
	fclose(out);
@AFTER@
	uname(&kernel);
	int is_bad = among(now, bad), is_good = among(now, good);
	printf("Linux %s: %s: %s\n", kernel.release, now, is_bad ? "it is there" : is_good ? "not there" : "neither");
	free(then);
	free(now);
	return is_bad ? 1 : is_good ? 0 : 2;
}
