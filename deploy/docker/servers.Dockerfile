# The servers, each a target, from the same Debian as the services and so from one source of security updates.
# Built with this folder as context:  docker build --file deploy/docker/servers.Dockerfile --target rabbitmq deploy/docker
ARG DEBIAN=debian:bookworm-slim
FROM ${DEBIAN} AS server
# Packages must not start what they install, nor make a cluster that nobody wants.
RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf

# The user of each package gets a number that stays, for volumes and secret files are owned by it.
FROM server AS rabbitmq
RUN groupadd --gid 10002 rabbitmq && useradd --uid 10002 --gid 10002 --home-dir /var/lib/rabbitmq rabbitmq \
 && apt-get update && apt-get install --yes --no-install-recommends rabbitmq-server \
 && rm -rf /var/lib/apt/lists/* /var/log/* /var/lib/rabbitmq/* /var/lib/rabbitmq/.erlang.cookie \
 && rabbitmq-plugins enable --offline rabbitmq_prometheus \
 && install --directory --owner rabbitmq --group rabbitmq /var/lib/rabbitmq /etc/rabbitmq/conf.d
COPY rabbitmq/ /opt/product/
USER rabbitmq
CMD ["/opt/product/start"]

FROM server AS postgresql
RUN groupadd --gid 10003 postgres && useradd --uid 10003 --gid 10003 --home-dir /var/lib/postgresql postgres \
 && apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl patroni pgbackrest postgresql-15 python3-etcd \
 && rm -rf /var/lib/apt/lists/* /var/log/* \
 && for place in lib/postgresql lib/pgbackrest log/pgbackrest; do \
      install --directory --owner postgres --group postgres /var/$place; done
ENV PATH=/usr/lib/postgresql/15/bin:$PATH \
    PGHOST=/tmp PGBACKREST_CONFIG=/opt/product/pgbackrest.conf PGBACKREST_CONFIG_INCLUDE_PATH=/run/secrets
COPY postgresql/ /opt/product/
USER postgres
CMD ["/opt/product/start"]

FROM server AS etcd
RUN groupadd --gid 10004 etcd && useradd --uid 10004 --gid 10004 --home-dir /var/lib/etcd etcd \
 && apt-get update && apt-get install --yes --no-install-recommends etcd-client etcd-server \
 && rm -rf /var/lib/apt/lists/* /var/log/* && install --directory --owner etcd --mode 700 /var/lib/etcd
USER etcd
CMD ["sh", "-c", "exec etcd --name $(hostname) --advertise-client-urls http://$(hostname):2379 --initial-advertise-peer-urls http://$(hostname):2380"]

# In front of the gateway, TLS towards the world; with a file of its own, in front of the console and the sandbox.
FROM server AS proxy
RUN useradd --uid 10005 --no-create-home proxied \
 && apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl nginx-light \
 && rm -rf /var/lib/apt/lists/* /var/log/* && mkdir /var/log/nginx
COPY nginx.conf console.conf sandbox.conf /etc/nginx/
USER proxied
CMD ["nginx", "-g", "daemon off;"]

# In front of the clusters' nodes.
FROM server AS balancer
RUN apt-get update && apt-get install --yes --no-install-recommends curl haproxy && rm -rf /var/lib/apt/lists/* /var/log/*
COPY haproxy.cfg /etc/haproxy/haproxy.cfg
USER haproxy
CMD ["haproxy", "-db", "-W", "-f", "/etc/haproxy/haproxy.cfg"]

FROM server AS prometheus
RUN useradd --uid 10006 --no-create-home watcher \
 && apt-get update && apt-get install --yes --no-install-recommends prometheus \
 && rm -rf /var/lib/apt/lists/* /var/log/* && install --directory --owner watcher /data
USER watcher
# The monthly report asks for a whole month that is over; consoles are pages of our own (deploy/observability/consoles).
CMD ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data", \
     "--storage.tsdb.retention.time=100d", \
     "--web.console.templates=/etc/prometheus/consoles", "--web.console.libraries=/etc/prometheus/consoles"]
