# One image per service:  docker build --build-arg SERVICE=payment --tag contribution/payment .
# Without SERVICE it holds all services, for the migration; target `sandbox` is the sandbox alone.
FROM python:3.11-slim-bookworm AS libraries
COPY requirements.txt .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.txt

# What prints, seals and checks certificates: the certificate service and the sandbox's seal platform.
FROM libraries AS certificate-libraries
COPY requirements-certificate.txt .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements-certificate.txt

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin product \
 && install --directory --owner product /data
WORKDIR /app

FROM base AS sandbox
COPY --from=certificate-libraries /opt/venv /opt/venv
COPY services/notify/templates.json services/notify/templates.json
COPY sandbox sandbox
USER product
CMD ["python", "-m", "sandbox"]

# `--target certificate` is the service with its libraries and fonts; every other service is `service`.
FROM base AS certificate
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/*
COPY --from=certificate-libraries /opt/venv /opt/venv
ENV SERVICE=certificate
COPY contract contract
COPY kit kit
COPY services/__init__.py services/
COPY services/certificate services/certificate
USER product
EXPOSE 8000
CMD ["python", "-m", "kit.runner", "certificate"]

FROM base AS service
COPY --from=libraries /opt/venv /opt/venv
ARG SERVICE=.
ENV SERVICE=$SERVICE
COPY contract contract
COPY kit kit
COPY services/__init__.py services/
COPY services/$SERVICE services/$SERVICE
USER product
EXPOSE 8000
CMD ["sh", "-c", "exec python -m kit.runner \"$SERVICE\""]
