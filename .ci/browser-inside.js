// Runs inside a copy of a report and writes down what it sees; browser.py judges.
(function () {
  "use strict";
  var errors = [];
  window.addEventListener("error", function (event) { errors.push(String(event.message)); });
  window.addEventListener("unhandledrejection", function (event) { errors.push(String(event.reason)); });
  document.addEventListener("securitypolicyviolation", function (event) {
    errors.push("refused: " + event.violatedDirective + " " + event.blockedURI);
  });
  var all = function (selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); };
  var name = function (element) {
    return element.tagName.toLowerCase() + "." + String(element.getAttribute("class") || "") + " " +
      element.textContent.trim().slice(0, 50);
  };

  function wide() {
    var width = document.documentElement.clientWidth, found = [];
    all("body *").forEach(function (element) {
      if (element.closest("svg") || !element.getClientRects().length) return;
      var box = element.getBoundingClientRect();
      if (box.right > width + 0.6 || box.left < -0.6) found.push(name(element) + " " + box.left + ".." + box.right);
      else if (element.tagName === "TABLE" && box.right > element.parentNode.getBoundingClientRect().right + 1)
        found.push("wider than its place: " + name(element));
      else if (element.matches("td,th,.scroll,figure,pre,dd") && element.scrollWidth > element.clientWidth + 1 &&
        getComputedStyle(element).display !== "inline") found.push("overflow of " + name(element));
    });
    return found;
  }

  function rgba(text) { return (text.match(/[\d.]+/g) || []).map(Number); }
  function light(colour) {
    var part = colour.slice(0, 3).map(function (value) {
      value /= 255;
      return value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  }
  // What an element stands on: a colour that lets some of what is under it
  // through is mixed with that.
  function ground(element) {
    if (!element) return [255, 255, 255];
    var colour = rgba(getComputedStyle(element).backgroundColor);
    var share = colour.length === 3 ? 1 : colour[3];
    if (share === 1) return colour;
    var under = ground(element.parentElement);
    return under.map(function (value, part) { return share * colour[part] + (1 - share) * value; });
  }
  function faint() {
    var found = {};
    all("body *").forEach(function (element) {
      var drawn = element.namespaceURI.indexOf("svg") >= 0;
      if (drawn ? element.tagName !== "text" : element.matches("script,style,title")) return;
      var own = Array.prototype.some.call(element.childNodes, function (node) {
        return node.nodeType === 3 && node.data.trim();
      });
      if (!own || !element.getClientRects().length) return;
      var style = getComputedStyle(element);
      var front = light(rgba(drawn ? style.fill : style.color)), back = light(ground(element));
      var contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      if (contrast < 4.5) found[contrast.toFixed(2) + " " + name(element)] = true;
    });
    return Object.keys(found);
  }

  function chart(svg) {
    var frame = svg.getBoundingClientRect();
    var shapes = all("polyline,polygon,path,rect,circle,line", svg);
    var texts = all("text", svg).map(function (element) {
      return { text: element.textContent.trim(), box: element.getBoundingClientRect() };
    });
    var cut = [], met = [];
    texts.forEach(function (one, index) {
      var a = one.box;
      if (!(a.width > 0) || a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 ||
        a.bottom > frame.bottom + 1) cut.push(one.text);
      texts.slice(index + 1).forEach(function (other) {
        var b = other.box;
        var across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        var down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // Boxes are taller than their letters by about a third.
        if (across > 1 && down > 0.35 * Math.min(a.height, b.height)) met.push(one.text + " / " + other.text);
      });
    });
    return {
      name: svg.getAttribute("role") === "img" ? (svg.querySelector("title") || { textContent: "" }).textContent : "",
      width: frame.width, height: frame.height, cut: cut, met: met,
      shapes: shapes.filter(function (shape) {
        var box = shape.getBBox();
        return box.width > 0 || box.height > 0;
      }).length,
      // Shapes that stand for data, not for axes.
      data: shapes.filter(function (shape) {
        var box = shape.getBBox();
        return /-(run|stage)\d/.test(shape.getAttribute("class")) && (box.width > 0 || box.height > 0);
      }).length,
      // A shape whose class the style sheet does not know would be plain black.
      black: shapes.concat(all("text", svg)).filter(function (shape) {
        var style = getComputedStyle(shape);
        return style.fill === "rgb(0, 0, 0)" || style.stroke === "rgb(0, 0, 0)";
      }).map(function (shape) { return shape.getAttribute("class"); }).slice(0, 3)
    };
  }

  // Opens the first chart that can be zoomed, drags over a part of it, and
  // brings the picture back.
  function zoom() {
    var buttons = all("button.zoom");
    if (!buttons.length || !buttons[0].getClientRects().length) return { buttons: 0 };
    var place = buttons[0].parentNode.querySelector(".zoomable");
    buttons[0].click();
    var over = place.querySelector(".u-over"), canvas = place.querySelector("canvas");
    if (!over || !canvas) return { buttons: buttons.length, drawn: 0 };
    var plot = place.plots[0], box = over.getBoundingClientRect();
    var whole = 0;
    var mouse = function (name, share, target) {
      target.dispatchEvent(new MouseEvent(name, { bubbles: true, button: 0, view: window, movementX: 9,
        clientX: box.left + box.width * share, clientY: box.top + box.height / 2 }));
    };
    var state = { buttons: buttons.length, picture: getComputedStyle(place.querySelector("svg")).display };
    return new Promise(function (done) { setTimeout(done, 60); }).then(function () {
      whole = plot.scales.x.max - plot.scales.x.min;
      // The chart lays itself out a moment after it was made.
      box = over.getBoundingClientRect();
      mouse("mousemove", 0.3, over); mouse("mousedown", 0.3, over);
      mouse("mousemove", 0.6, over); mouse("mouseup", 0.6, document);
      return new Promise(function (done) { setTimeout(done, 60); });
    }).then(function () {
      state.part = (plot.scales.x.max - plot.scales.x.min) / whole;
      var pen = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      state.drawn = 0;
      for (var at = 3; at < pen.length; at += 4) if (pen[at]) state.drawn++;
      state.others = place.plots.slice(1).map(function (other) { return (other.scales.x.max - other.scales.x.min) / whole; });
      buttons[0].click();
      state.back = getComputedStyle(place.querySelector("svg")).display !== "none" && !place.querySelector(".uplot");
      return state;
    });
  }

  window.addEventListener("load", function () {
    Promise.resolve().then(zoom).catch(function (error) { errors.push("zoom: " + error); return { buttons: 0 }; }).then(look);
  });

  function look(zoomed) {
    all("details").forEach(function (details) { details.open = true; });
    var head = document.querySelector("th[data-sort]");
    if (head) { head.click(); head.click(); }
    var seen = {
      errors: errors, zoom: zoomed, width: window.innerWidth, scroll: document.documentElement.scrollWidth,
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
      resources: performance.getEntriesByType("resource").map(function (entry) { return entry.name; }),
      wide: wide(), faint: faint(), expected: Number(document.body.getAttribute("data-charts")),
      charts: all("figure svg.chart").map(chart),
      figures: all("[data-metric]").map(function (cell) {
        var text = Array.prototype.filter.call(cell.childNodes, function (node) { return node.nodeType === 3; })
          .map(function (node) { return node.data; }).join("");
        return [cell.getAttribute("data-run"), cell.getAttribute("data-metric"), cell.getAttribute("data-value"), text];
      })
    };
    var out = document.createElement("pre");
    out.id = "groma-seen";
    var bytes = new TextEncoder().encode(JSON.stringify(seen)), text = "";
    bytes.forEach(function (byte) { text += String.fromCharCode(byte); });
    out.textContent = btoa(text);
    document.body.appendChild(out);
  }
})();
