// Lays a chart that can be zoomed over each picture of a course of time, when asked.
(function () {
  "use strict";
  var data = document.getElementById("zoom-data");
  if (!data || typeof uPlot === "undefined") return;
  var runs = {};
  JSON.parse(data.textContent).forEach(function (run) { runs[run.run] = run; });
  var open = [];

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function ink(name) { return function () { return colour(name); }; }
  function short(value) { return value === null ? "–" : Math.abs(value) < 10 ? String(+value.toFixed(2)) : Math.round(value).toLocaleString("en"); }

  // Room for the longest mark of the axis, or it would be cut.
  function room(plot, marks, axis, cycle) {
    var have = plot.axes[axis];
    if (cycle > 1) return have._size;
    var longest = (marks || []).reduce(function (most, text) { return Math.max(most, String(text).length); }, 0);
    return Math.max(58, longest * 8 + 18);
  }

  function shade(run) {
    return function (plot) {
      var box = plot.bbox, pen = plot.ctx;
      pen.save();
      pen.beginPath(); pen.rect(box.left, box.top, box.width, box.height); pen.clip();
      pen.globalAlpha = 0.11;
      run.spans.forEach(function (span) {
        var from = plot.valToPos(span[0], "x", true), to = plot.valToPos(span[1], "x", true);
        pen.fillStyle = colour(span[2]);
        pen.fillRect(from, box.top, Math.max(to - from, 1), box.height);
      });
      pen.restore();
    };
  }

  function axis(more) {
    var common = { stroke: ink("muted"), grid: { stroke: ink("grid"), width: 1 }, ticks: { stroke: ink("axis"), width: 1 }, font: "12px system-ui, sans-serif" };
    Object.keys(more).forEach(function (key) { common[key] = more[key]; });
    return common;
  }

  function options(run, panel, width, key) {
    var tail = panel.lines.some(function (line) { return line[0] === "p99"; });
    var series = panel.lines.map(function (line) {
      return { label: line[0], stroke: ink(line[1]), width: line[0] === "offered" ? 1 : 2, alpha: line[0] === "p50" ? 0.55 : 1,
        value: function (plot, value) { return short(value); }, points: { size: 4 } };
    });
    return {
      width: width, height: 210, title: panel.title, series: [{ label: "time, s", value: function (plot, at) { return at === null ? "–" : String(at); } }].concat(series),
      scales: { x: { time: false }, y: tail ? { distr: 3 } : { range: function (plot, low, high) { return [0, high > 0 ? high * 1.05 : 1]; } } },
      axes: [
        axis({ values: function (plot, marks) { return marks.map(function (mark) { return +mark.toFixed(3) + " s"; }); }, size: 36 }),
        axis({ values: function (plot, marks) { return marks.map(function (mark) { return mark === null ? "" : short(mark); }); }, size: room })
      ],
      cursor: { sync: { key: key }, drag: { x: true, y: false } },
      hooks: { drawClear: [shade(run)] }
    };
  }

  function draw(place) {
    var chart = JSON.parse(place.getAttribute("data-zoom")), run = runs[chart.run];
    var host = document.createElement("div");
    host.className = "zoomed";
    place.appendChild(host);
    place.classList.add("on");
    place.plots = chart.panels.map(function (panel, index) {
      var columns = [run.time].concat(panel.lines.map(function (line) { return run[line[0]]; }));
      return new uPlot(options(run, panel, host.clientWidth, "run" + chart.run), columns, host);
    });
    open.push(place);
  }

  function close(place) {
    place.plots.forEach(function (plot) { plot.destroy(); });
    place.plots = null;
    place.removeChild(place.querySelector(".zoomed"));
    place.classList.remove("on");
    open.splice(open.indexOf(place), 1);
  }

  Array.prototype.forEach.call(document.querySelectorAll(".zoomable"), function (place) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "zoom screen";
    button.textContent = "Zoom";
    button.title = "Drag to zoom in, double-click to see all";
    button.addEventListener("click", function () {
      if (place.plots) close(place); else draw(place);
      button.textContent = place.plots ? "Picture" : "Zoom";
    });
    place.parentNode.insertBefore(button, place);
  });

  window.addEventListener("resize", function () {
    open.forEach(function (place) {
      var width = place.querySelector(".zoomed").clientWidth;
      place.plots.forEach(function (plot) { plot.setSize({ width: width, height: plot.height }); });
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
    open.forEach(function (place) { place.plots.forEach(function (plot) { plot.redraw(); }); });
  });
})();
