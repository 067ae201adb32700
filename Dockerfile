# Both bases can be replaced, by a mirror or by what a machine without a registry has:
#   docker build --build-arg BUILD_IMAGE=… --build-arg RUNTIME_IMAGE=… -t kube-harden:0.1.0 .
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim
ARG RUNTIME_IMAGE=docker.io/library/node:24-bookworm-slim

# The compiler needs all dependencies; nothing of them gets into the image.
FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Without install scripts: the only one brings a Node of the project's own, and the base has one.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# What runs. Type declarations, source maps and readmes are a third of it, and Node never reads them; licences stay, as
# they ask for.
FROM ${BUILD_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
  && find node_modules -type f \
    \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' -o -name '*.md' \) \
    ! -iname '*licen[cs]e*' ! -iname 'copy*' ! -iname 'notice*' ! -iname 'authors*' ! -iname 'patents*' \
    ! -iname 'third*party*' \
    -delete

# No RUN from here on, so the base may be one without a shell. Everything belongs to root and the program is not: it
# could not change itself even where the root filesystem is writable.
FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="kube-harden" \
  org.opencontainers.image.description="Fills in the pod hardening that authors left out, and never overrides what they wrote." \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
# In production express keeps stack traces to itself.
ENV NODE_ENV=production
# The bodies of large reviews go back to the system when they are done with: glibc would keep them, and take more.
ENV MALLOC_MMAP_THRESHOLD_=1048576
WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# Beside dist/: the program reads its version and the built-in policies from there.
COPY package.json LICENSE ./
COPY policies ./policies
# Given a certificate, the program writes nothing. Without one, for a trial, it writes the CA of a throwaway one to where
# it stands, which /app would not allow.
WORKDIR /tmp
# A number, since the kubelet cannot tell whether a name is root.
USER 65532:65532
EXPOSE 8443
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
