# Two stages: the first installs the locked dependencies, the second holds them and the four packages, nothing else.
# The base is pinned by tag. For builds that repeat to the byte, pin it by digest as well:
# docker buildx imagetools inspect python:3.12-slim
# It must be a glibc image: the embedded engine has no musl build.
FROM python:3.12-slim AS build
# the version of the Makefile's UV_VERSION
ARG UV_VERSION=0.13.9
WORKDIR /app
RUN python -m venv /opt/uv && /opt/uv/bin/python -m pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}" \
    && python -m venv --without-pip /app/.venv
COPY requirements.lock ./
RUN VIRTUAL_ENV=/app/.venv /opt/uv/bin/uv pip install --no-cache --compile-bytecode --link-mode copy --require-hashes -r requirements.lock

FROM python:3.12-slim
RUN groupadd --system --gid 10001 tribune \
    && useradd --system --uid 10001 --gid tribune --no-create-home --shell /usr/sbin/nologin tribune \
    && install -d -o tribune -g tribune -m 0700 /data
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY config config
COPY watchers watchers
COPY bot bot
COPY sandbox sandbox
RUN /app/.venv/bin/python -m compileall -q config watchers bot sandbox
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LOG_FORMAT=json \
    DATA_DIR=/data
USER tribune
# the only folder that is written to; everything else may be read-only (give /tmp a tmpfs for the demo)
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + (os.environ.get('WEB_PORT') or '8090') + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
