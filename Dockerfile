# sealcheck alone: `docker run --rm -v "$PWD:/project" ghcr.io/sealcheck/sealcheck run`.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN .ci/setup
RUN cargo build --locked --release
RUN install -D target/release/sealcheck /out/usr/local/bin/sealcheck && mkdir /out/project

# It has glibc, OpenSSL and the CA certificates, and no shell; its user is not root.
FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build --chown=nonroot:nonroot /out /
WORKDIR /project
ENTRYPOINT ["sealcheck"]
