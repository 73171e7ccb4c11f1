# The builder's C library does not matter: the program is linked statically.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make build VERSION="$VERSION"

FROM alpine:3.22
# git and ssh fetch histories; redis is the private store of a container that
# has no redis.url.
RUN apk add --no-cache ca-certificates git openssh-client-default redis \
    && addgroup -S -g 10001 holdfast \
    && adduser -S -D -u 10001 -G holdfast -h /var/lib/holdfast holdfast
COPY --from=build /src/bin/holdfast /usr/local/bin/holdfast
USER holdfast
WORKDIR /var/lib/holdfast
VOLUME /var/lib/holdfast
EXPOSE 8080
# Through the address that the configuration listens on; set HOLDFAST_HEALTH
# where that is not port 8080.
ENV HOLDFAST_HEALTH=http://127.0.0.1:8080/livez
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD wget -q -O /dev/null "$HOLDFAST_HEALTH" || exit 1
ENTRYPOINT ["holdfast"]
CMD ["serve", "-c", "/etc/holdfast/holdfast.yaml"]
