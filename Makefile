# SPDX-License-Identifier: GPL-3.0-or-later
# A short front to meson and ninja. `sudo make study` and `sudo make check`
# install what is missing first; the others only say what is.

PREFIX ?= /usr/local
SOURCES = find src tests bench -name '*.[ch]'

all: build/build.ninja
	@ninja -C build --quiet

build/build.ninja:
	@tools/install-packages -n build
	@meson setup build --prefix=$(PREFIX) >/dev/null

study:
	@tools/install-packages build run
	@command -v npm >/dev/null || tools/install-packages page
	@$(MAKE) --no-print-directory all
	@tools/study

check:
	@tools/install-packages build run test
	@command -v npm >/dev/null || tools/install-packages page
	@tools/check

check-long:
	@tools/install-packages build run test
	@tools/check long

bench: all
	@meson test -C build --benchmark --verbose

format:
	@tools/install-packages -n test
	@$(SOURCES) -exec clang-format-14 -i {} +

lint: all
	@tools/install-packages -n lint
	@tools/lint

install: all
	@meson configure build --prefix=$(PREFIX)
	@meson install -C build --quiet

clean:
	rm -rf build build-asan

.PHONY: all study check check-long bench format lint install clean
