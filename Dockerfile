# One image per service:  docker build --build-arg SERVICE=payment --tag contribution/payment .
# Without SERVICE it holds all services, for the migration; target `sandbox` is the sandbox alone.
FROM python:3.11-slim-bookworm AS libraries
COPY requirements.txt requirements-certificate.txt ./
# Only the images that print or seal certificates carry what that needs.
ARG SERVICE=.
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.txt

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin product \
 && install --directory --owner product /data
COPY --from=libraries /opt/venv /opt/venv
WORKDIR /app
USER product

FROM base AS sandbox
COPY services/notify/templates.json services/notify/templates.json
COPY sandbox sandbox
CMD ["python", "-m", "sandbox"]

FROM base AS service
ARG SERVICE=.
ENV SERVICE=$SERVICE
COPY contract contract
COPY kit kit
COPY services/__init__.py services/
COPY services/$SERVICE services/$SERVICE
EXPOSE 8000
CMD ["sh", "-c", "exec python -m kit.runner \"$SERVICE\""]
