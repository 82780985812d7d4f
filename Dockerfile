# The image of the connector: the binary and nothing else. It needs no shell, no package manager and no writable root.
#
# The build's context has the binary of each platform, as make image and .goreleaser.yaml lay it out:
#   linux/amd64/connector  linux/arm64/connector  deploy/image/
FROM scratch
ARG TARGETPLATFORM
COPY --chmod=0755 $TARGETPLATFORM/connector /connector
# /check is /connector check: az containerapp exec passes no arguments, and there is no shell.
COPY deploy/image/root/ /
# The one place that the service may write to: mount a volume here for the refresh token of App+User.
COPY --chown=65532:65532 deploy/image/state/ /state/
USER 65532:65532
ENV CONNECTOR_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/connector", "health"]
ENTRYPOINT ["/connector"]
CMD ["serve"]
