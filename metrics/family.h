// Short words for making a Prometheus family out of values that are already known.
//
// Room: metrics/. Knows prometheus-cpp's plain structs only. Help texts stay on one line:
// prometheus-cpp 1.0.1 prints a newline unescaped, which breaks the scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace raft {

using SeriesLabels = std::vector<prometheus::ClientMetric::Label>;

// One value of a gauge.
inline prometheus::ClientMetric GaugeSeries(double value, SeriesLabels labels = {}) {
  prometheus::ClientMetric series;
  series.label = std::move(labels);
  series.gauge.value = value;
  return series;
}

inline prometheus::MetricFamily GaugeFamily(std::string name, std::string help,
                                            std::vector<prometheus::ClientMetric> series) {
  return {std::move(name), std::move(help), prometheus::MetricType::Gauge, std::move(series)};
}

// A gauge without labels.
inline prometheus::MetricFamily GaugeFamily(std::string name, std::string help, double value) {
  return GaugeFamily(std::move(name), std::move(help), std::vector{GaugeSeries(value)});
}

// A counter without labels whose running total somebody else keeps.
inline prometheus::MetricFamily CounterFamily(std::string name, std::string help, double value) {
  prometheus::ClientMetric series;
  series.counter.value = value;
  return {std::move(name), std::move(help), prometheus::MetricType::Counter, {std::move(series)}};
}

}  // namespace raft
