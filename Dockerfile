# The hub on a CPU:   docker build -t pentimento . && docker run -p 7860:7860 pentimento
# on an NVIDIA GPU:   docker build --build-arg TORCH=https://download.pytorch.org/whl/cu128 -t pentimento .
#                     docker run --gpus all -p 7860:7860 pentimento
FROM python:3.12-slim
ARG TORCH=https://download.pytorch.org/whl/cpu
RUN useradd --create-home --uid 1000 visitor
WORKDIR /home/visitor/pentimento
COPY requirements.txt .
RUN pip install --no-cache-dir --index-url "$TORCH" torch torchvision \
 && pip install --no-cache-dir -r requirements.txt
COPY app.py LICENSE README.md ./
COPY engine engine
COPY demos demos
COPY weights weights
# Downloaded networks go here; mount a volume to keep them.
RUN mkdir -p /home/visitor/.cache/huggingface && chown -R visitor /home/visitor/.cache
USER visitor
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 PYTHONUNBUFFERED=1
VOLUME /home/visitor/.cache/huggingface
EXPOSE 7860
HEALTHCHECK --start-period=90s --interval=30s CMD \
    python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=5)"
# SIGTERM: running jobs hand over their best pictures; docker waits ten seconds unless told --stop-timeout 30.
STOPSIGNAL SIGTERM
CMD ["python", "app.py"]
