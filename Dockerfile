# The program: `docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/project" ghcr.io/sealcheck/sealcheck run`.
# `docker build --target lab .` builds the lab for tests of other containers; docs/lab.md has examples.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN .ci/setup
RUN cargo build --locked --release
RUN install -D target/release/sealcheck /out/sealcheck && mkdir /out/project /out/lab

# It has glibc, libgcc, OpenSSL and the CA certificates, and no shell; its user is not root.
FROM gcr.io/distroless/cc-debian12:nonroot AS program
COPY --from=build /out/sealcheck /usr/local/bin/

FROM program AS lab
COPY --from=build --chown=nonroot:nonroot /out/lab /lab
WORKDIR /lab
# The name of the service: what the lab writes into /lab/lab.yaml, and its certificate, name this host.
ENV SEALCHECK_LAB_ADVERTISE=lab
EXPOSE 5300/tcp 5300/udp 1587 1465 1993 1025 2025 3025 3993 1443
# Its secrets fit and its mailboxes answer.
HEALTHCHECK --interval=2s CMD ["sealcheck", "cleanup", "--dry-run", "--older-than", "1h", "--account", "external", "--config", "lab.yaml"]
ENTRYPOINT ["sealcheck", "lab", "up", "--listen", "0.0.0.0", "--config-out", "lab.yaml", \
  "--port-dns", "5300", "--port-submission", "1587", "--port-submissions", "1465", "--port-external-imap", "1993", \
  "--port-external-mx", "1025", "--port-company-mx", "2025", "--port-gmail-mx", "3025", "--port-gmail-imap", "3993", \
  "--port-oauth", "1443"]

FROM program AS sealcheck
COPY --from=build --chown=nonroot:nonroot /out/project /project
WORKDIR /project
ENTRYPOINT ["sealcheck"]
