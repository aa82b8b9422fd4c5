# One image per service:  docker build --build-arg SERVICE=payment --tag contribution/payment .
# Without SERVICE it holds all services, for the migration; target `sandbox` is the sandbox alone.
FROM python:3.11-slim-bookworm AS libraries
COPY requirements.txt .
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.txt

FROM libraries AS libraries-ocr
COPY requirements-ocr.txt .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements-ocr.txt

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

# Only this one reads cards, and so needs the models; Tesseract is the other engine it may be set to.
FROM service AS service-ocr
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-chi-sim \
 && rm -rf /var/lib/apt/lists/*
COPY --from=libraries-ocr /opt/venv /opt/venv
USER product

# What a build without a target makes.
FROM service
