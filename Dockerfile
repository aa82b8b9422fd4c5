# One image per service:  docker build --build-arg SERVICE=payment --tag contribution/payment .
# Without SERVICE it holds all services, for the migration; target `sandbox` is the sandbox alone.
# Everything stands on one Debian: from a registry, or made by deploy/offline/make where there is none; that script also
# puts the libraries into deploy/offline/wheels and forbids pip to ask anybody.
ARG DEBIAN=debian:bookworm-slim

FROM ${DEBIAN} AS python
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* /var/log/*

FROM python AS libraries
ARG PIP_NO_INDEX=0
RUN apt-get update && apt-get install --yes --no-install-recommends python3-venv && python3 -m venv /opt/venv
COPY requirements.txt deploy/offline/wheel[s] /wheels/
RUN /opt/venv/bin/python -m pip install --no-cache-dir --find-links /wheels --require-hashes --only-binary :all: \
      --requirement /wheels/requirements.txt

# What prints, seals and checks certificates: the certificate service and the sandbox's seal platform.
FROM libraries AS certificate-libraries
COPY requirements-certificate.txt /wheels/
RUN /opt/venv/bin/python -m pip install --no-cache-dir --find-links /wheels --require-hashes --only-binary :all: \
      --requirement /wheels/requirements-certificate.txt \
 && /opt/venv/bin/python -m pip uninstall --yes pip

FROM libraries AS ocr-libraries
COPY requirements-ocr.txt /wheels/
RUN /opt/venv/bin/python -m pip install --no-cache-dir --find-links /wheels --require-hashes --only-binary :all: \
      --requirement /wheels/requirements-ocr.txt \
 && /opt/venv/bin/python -m pip uninstall --yes pip

# pip has done its work; no image carries it.
FROM libraries AS service-libraries
RUN /opt/venv/bin/python -m pip uninstall --yes pip

FROM python AS base
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
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-noto-cjk && rm -rf /var/lib/apt/lists/* /var/log/*
COPY --from=certificate-libraries /opt/venv /opt/venv
ENV SERVICE=certificate
COPY contract contract
COPY kit kit
COPY services/__init__.py services/
COPY services/certificate services/certificate
USER product
EXPOSE 8000
CMD ["python", "-m", "kit.runner", "certificate"]

# Only this one reads cards, and so needs the models; Tesseract is the other engine it may be set to.
FROM base AS ocr
RUN apt-get update && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-chi-sim \
 && rm -rf /var/lib/apt/lists/* /var/log/*
COPY --from=ocr-libraries /opt/venv /opt/venv
ENV SERVICE=ocr
COPY contract contract
COPY kit kit
COPY services/__init__.py services/
COPY services/ocr services/ocr
USER product
EXPOSE 8000
CMD ["python", "-m", "kit.runner", "ocr"]

# What a build without a target makes.
FROM base AS service
COPY --from=service-libraries /opt/venv /opt/venv
ARG SERVICE=.
ENV SERVICE=$SERVICE
COPY contract contract
COPY kit kit
COPY services/__init__.py services/
COPY services/$SERVICE services/$SERVICE
USER product
EXPOSE 8000
CMD ["sh", "-c", "exec python -m kit.runner \"$SERVICE\""]
