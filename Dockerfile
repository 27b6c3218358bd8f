# imageferry: the service and the command line in one image. docs/container.md tells how to use it.
#
# Every step is a script in scripts/container, which the tests run, too.
FROM python:3.11-slim-bookworm

WORKDIR /srv/imageferry
COPY scripts/lib scripts/lib
COPY scripts/container scripts/container
RUN ["scripts/container/install", "packages"]
RUN ["scripts/container/install", "user", "ferry", "/var/lib/imageferry"]

COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
RUN ["scripts/container/install", "program"]

ENV IMAGEFERRY_DATA=/var/lib/imageferry \
    IMAGEFERRY_LISTEN=0.0.0.0:8765
USER ferry
VOLUME /var/lib/imageferry
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s CMD ["scripts/container/healthy"]
ENTRYPOINT ["scripts/container/entrypoint"]
CMD ["serve"]
